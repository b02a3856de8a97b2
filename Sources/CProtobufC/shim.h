// SPDX-License-Identifier: Apache-2.0
#ifndef WEIR_CPROTOBUFC_SHIM_H
#define WEIR_CPROTOBUFC_SHIM_H
#include <protobuf-c/protobuf-c.h>
#endif
