#pragma once
// Flags only: the headers are in CXMLSec, whose definitions they need.
