#pragma once
// libxml2 and libxmlsec1 as Swift may see them: functions over bytes, no structure of either library.

#include <stddef.h>

/// 0 when both libraries are ready and can reach neither files nor the network; call once, before anything else.
int ztna_xml_start(void);
