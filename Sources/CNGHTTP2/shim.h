// SPDX-License-Identifier: Apache-2.0
#ifndef WEIR_CNGHTTP2_SHIM_H
#define WEIR_CNGHTTP2_SHIM_H
#include <nghttp2/nghttp2.h>
#endif
