#pragma once
#include <maxminddb.h>

// The C library's own header shows these only to programs that ask for all GNU extensions.
extern int memfd_create(const char *name, unsigned int flags);
static const unsigned int ztna_MFD_CLOEXEC = 1;
