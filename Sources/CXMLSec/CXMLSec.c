#include "CXMLSec.h"

#include <limits.h>
#include <string.h>

#include <libxml/xmlIO.h>
#include <xmlsec/buffer.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/keys.h>
#include <xmlsec/keysdata.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmlsec.h>

static void say_nothing(void *context, xmlErrorPtr error) {
    (void)context;
    (void)error;
}

static void say_nothing_either(
    const char *file, int line, const char *func, const char *object, const char *subject, int reason,
    const char *message) {
    (void)file, (void)line, (void)func, (void)object, (void)subject, (void)reason, (void)message;
}

static xmlParserInputPtr load_nothing(const char *url, const char *id, xmlParserCtxtPtr context) {
    (void)url, (void)id, (void)context;
    return NULL;
}

int ztna_xml_start(void) {
    xmlInitParser();
    if (xmlSecInit() < 0 || xmlSecCryptoInit() < 0) return -1;
    xmlSecErrorsSetCallback(say_nothing_either);
    xmlSetExternalEntityLoader(load_nothing);
    xmlCleanupInputCallbacks();
    xmlCleanupOutputCallbacks();
    xmlSecIOCleanupCallbacks();
    return 0;
}

void ztna_xml_silence(void) { xmlSetStructuredErrorFunc(NULL, say_nothing); }

void ztna_xml_free(void *memory) { xmlFree(memory); }

void ztna_bytes_free(ztna_bytes bytes) {
    if (bytes.bytes == NULL) return;
    OPENSSL_cleanse(bytes.bytes, bytes.count);
    xmlFree(bytes.bytes);
}

/// `data` becomes the key's, whatever happens.
static xmlSecKeyPtr key_of(xmlSecKeyDataPtr data) {
    if (data == NULL) return NULL;
    xmlSecKeyPtr key = xmlSecKeyCreate();
    if (key != NULL && xmlSecKeySetValue(key, data) == 0) return key;
    xmlSecKeyDataDestroy(data);
    if (key != NULL) xmlSecKeyDestroy(key);
    return NULL;
}

static xmlSecKeyPtr key_of_pair(EVP_PKEY *pair) {
    if (EVP_PKEY_up_ref(pair) != 1) return NULL;
    xmlSecKeyDataPtr data = xmlSecOpenSSLEvpKeyAdopt(pair);
    if (data == NULL) EVP_PKEY_free(pair);
    return key_of(data);
}

/// One transform over bytes in `context`, run to its end; NULL when anything fails.
static xmlSecTransformPtr run(
    xmlSecTransformCtxPtr context, xmlSecKeyPtr key, const char *method, xmlSecTransformUsage usage,
    xmlSecTransformOperation operation, const unsigned char *data, size_t data_count) {
    xmlSecTransformId id = xmlSecTransformIdListFindByHref(xmlSecTransformIdsGet(), BAD_CAST method, usage);
    if (id == xmlSecTransformIdUnknown || data_count > INT_MAX) return NULL;
    xmlSecTransformPtr transform = xmlSecTransformCtxCreateAndAppend(context, id);
    if (transform == NULL) return NULL;
    transform->operation = operation;
    if (xmlSecTransformSetKey(transform, key) < 0) return NULL;
    if (xmlSecTransformCtxBinaryExecute(context, data, (xmlSecSize)data_count) < 0) return NULL;
    return transform;
}

int ztna_xmlsec_verify(
    EVP_PKEY *pair, const char *method, const unsigned char *data, size_t data_count, const unsigned char *signature,
    size_t signature_count) {
    xmlSecKeyPtr key = key_of_pair(pair);
    xmlSecTransformCtxPtr context = xmlSecTransformCtxCreate();
    int answer = 0;
    if (key != NULL && context != NULL && signature_count <= INT_MAX) {
        xmlSecTransformPtr transform = run(
            context, key, method, xmlSecTransformUsageSignatureMethod, xmlSecTransformOperationVerify, data,
            data_count);
        answer = transform != NULL
            && xmlSecTransformVerify(transform, signature, (xmlSecSize)signature_count, context) == 0
            && transform->status == xmlSecTransformStatusOk;
    }
    if (context != NULL) xmlSecTransformCtxDestroy(context);
    if (key != NULL) xmlSecKeyDestroy(key);
    ERR_clear_error();
    return answer;
}

/// Runs one transform with `key`, which ends here, and takes its result.
static ztna_bytes result_of(
    xmlSecKeyPtr key, const char *method, xmlSecTransformUsage usage, xmlSecTransformOperation operation,
    const unsigned char *data, size_t data_count) {
    ztna_bytes answer = {NULL, 0};
    xmlSecTransformCtxPtr context = xmlSecTransformCtxCreate();
    if (key != NULL && context != NULL && run(context, key, method, usage, operation, data, data_count) != NULL
        && context->result != NULL && xmlSecBufferGetSize(context->result) > 0) {
        xmlSecSize size = xmlSecBufferGetSize(context->result);
        answer.bytes = xmlMalloc(size);
        if (answer.bytes != NULL) {
            memcpy(answer.bytes, xmlSecBufferGetData(context->result), size);
            answer.count = size;
            OPENSSL_cleanse(xmlSecBufferGetData(context->result), size);
        }
    }
    if (context != NULL) xmlSecTransformCtxDestroy(context);
    if (key != NULL) xmlSecKeyDestroy(key);
    ERR_clear_error();
    return answer;
}

ztna_bytes ztna_xmlsec_sign(EVP_PKEY *pair, const char *method, const unsigned char *data, size_t data_count) {
    return result_of(
        key_of_pair(pair), method, xmlSecTransformUsageSignatureMethod, xmlSecTransformOperationSign, data,
        data_count);
}

ztna_bytes ztna_xmlsec_decrypt(
    const unsigned char *key, size_t key_count, const char *method, const unsigned char *data, size_t data_count) {
    xmlSecKeyDataPtr value = xmlSecKeyDataCreate(xmlSecKeyDataAesId);
    if (value != NULL && xmlSecOpenSSLKeyDataAesSet(value, key, (xmlSecSize)key_count) < 0) {
        xmlSecKeyDataDestroy(value);
        value = NULL;
    }
    return result_of(
        key_of(value), method, xmlSecTransformUsageEncryptionMethod, xmlSecTransformOperationDecrypt, data,
        data_count);
}
