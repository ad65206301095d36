#include "CXMLSec.h"

#include <libxml/parser.h>
#include <libxml/xmlIO.h>
#include <xmlsec/crypto.h>
#include <xmlsec/io.h>
#include <xmlsec/xmlsec.h>

int ztna_xml_start(void) {
    xmlInitParser();
    if (xmlSecInit() < 0 || xmlSecCryptoInit() < 0) return -1;
    xmlCleanupInputCallbacks();
    xmlSecIOCleanupCallbacks();
    return 0;
}
