#include "CBareXMLSec.h"

#include <time.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

static double cpu_microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int verify(const char *document, size_t count, xmlSecKeyPtr key) {
    const xmlChar *names[] = {BAD_CAST "ID", NULL};
    int verified = 0;
    xmlDocPtr tree = xmlReadMemory(document, (int)count, NULL, NULL, XML_PARSE_NONET);
    if (tree == NULL) return 0;
    xmlNodePtr root = xmlDocGetRootElement(tree);
    xmlSecAddIDs(tree, root, names);
    xmlNodePtr signature = xmlSecFindNode(root, xmlSecNodeSignature, xmlSecDSigNs);
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    if (signature != NULL && context != NULL) {
        context->signKey = xmlSecKeyDuplicate(key);
        verified = xmlSecDSigCtxVerify(context, signature) == 0 && context->status == xmlSecDSigStatusSucceeded;
    }
    if (context != NULL) xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(tree);
    return verified;
}

double ztna_bare_xmlsec_loop(
    const char *document, size_t document_count, const unsigned char *certificate, size_t certificate_count,
    int rounds) {
    xmlSecKeyPtr key = xmlSecCryptoAppKeyLoadMemory(
        certificate, (xmlSecSize)certificate_count, xmlSecKeyDataFormatCertPem, NULL, NULL, NULL);
    if (key == NULL || rounds < 1) return -1;
    double taken = -1;
    int verified = 1;
    for (int round = 0; verified && round < 100; round++) verified = verify(document, document_count, key);
    double start = cpu_microseconds();
    for (int round = 0; verified && round < rounds; round++) verified = verify(document, document_count, key);
    if (verified) taken = (cpu_microseconds() - start) / rounds;
    xmlSecKeyDestroy(key);
    return taken;
}
