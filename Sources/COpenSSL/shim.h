#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Macros made of other macros, which Swift does not import.
static const int ztna_EVP_PKEY_PUBLIC_KEY = EVP_PKEY_PUBLIC_KEY;
static const int ztna_MBSTRING_UTF8 = MBSTRING_UTF8;
static const unsigned long ztna_XN_FLAG_RFC2253_UTF8 = XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB;

static inline int ztna_ERR_GET_REASON(unsigned long code) { return ERR_GET_REASON(code); }
