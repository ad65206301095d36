#pragma once
// libxml2 and OpenSSL as they are, and libxmlsec1 as functions over bytes: its own headers need definitions that the
// package manager does not pass on.

#include <stddef.h>

// Foundation brings declarations of ICU with it that differ from the system's. Only converters, which nobody here
// uses, have fields of ICU's types.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/// 0 when both libraries are ready and can reach neither files nor the network; call once, before anything else.
int ztna_xml_start(void);

/// Keeps what libxml2 has to say on this thread from being printed.
void ztna_xml_silence(void);

/// `xmlFree`, which is a variable.
void ztna_xml_free(void *memory);

/// Bytes that libxmlsec1 made; empty when it failed.
typedef struct {
    unsigned char *bytes;
    size_t count;
} ztna_bytes;

void ztna_bytes_free(ztna_bytes bytes);

/// 1 when `signature`, in the form XML has it, is that of `data` by the signature method that `method` names.
int ztna_xmlsec_verify(
    EVP_PKEY *key, const char *method, const unsigned char *data, size_t data_count, const unsigned char *signature,
    size_t signature_count);

ztna_bytes ztna_xmlsec_sign(EVP_PKEY *key, const char *method, const unsigned char *data, size_t data_count);

/// What `data`, which begins with its initialisation vector, says under an AES key by the encryption method `method`.
ztna_bytes ztna_xmlsec_decrypt(
    const unsigned char *key, size_t key_count, const char *method, const unsigned char *data, size_t data_count);
