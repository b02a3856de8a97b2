// SPDX-License-Identifier: Apache-2.0
#ifndef WEIR_CLAYOUTFIXTURE_H
#define WEIR_CLAYOUTFIXTURE_H
#include <stddef.h>

/// Where the C compiler put a member of a struct, in bytes: its value, and what belongs to it (flag, count, case) or 0.
struct layout_member {
    size_t offset;
    size_t quantifier_offset;
};

/// A struct as protoc-gen-c declares it.
enum layout_struct {
    LAYOUT_SCALARS,
    LAYOUT_REPEATED,
    LAYOUT_OPTIONAL,
    LAYOUT_ONEOF,
    LAYOUT_SMALL_ONEOF,
    LAYOUT_EMPTY,
    LAYOUT_ONE_BOOL,
};

/// The size of the struct in bytes.
size_t layout_size(enum layout_struct which);

/// How many fields the struct has.
size_t layout_count(enum layout_struct which);

/// The field at a position in the order of field numbers.
struct layout_member layout_member_at(enum layout_struct which, size_t index);

/// The size of protobuf-c's type of bytes fields, and where its parts are, in bytes.
size_t layout_bytes_size(void);
size_t layout_bytes_length_offset(void);
size_t layout_bytes_address_offset(void);

#endif
