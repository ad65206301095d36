#pragma once
// What libxmlsec1 does by itself with one signed document: a reference for benches, and no part of any program.

#include <stddef.h>

/// Microseconds of this process's CPU that one verification takes, parsing included, with nothing around it; negative when
/// the document is not signed by the certificate's key. Both libraries must have been started.
double ztna_bare_xmlsec_loop(
    const char *document, size_t document_count, const unsigned char *certificate, size_t certificate_count, int rounds);
