#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

// Macros made of other macros, which Swift does not import.
static const int ztna_EVP_PKEY_PUBLIC_KEY = EVP_PKEY_PUBLIC_KEY;
