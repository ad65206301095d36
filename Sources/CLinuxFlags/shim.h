#pragma once
// Flags only: the headers are in CLinux, as the netfilter libraries clash when they are modules of their own.
