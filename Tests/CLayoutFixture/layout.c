// SPDX-License-Identifier: Apache-2.0
#include "CLayoutFixture.h"

#include <protobuf-c/protobuf-c.h>

// The structs follow what protoc-gen-c writes for proto3 messages, with two differences that WeirProtobuf makes on
// purpose: string fields are bytes, and floating-point fields without presence have a flag like optional ones.

struct scalars {
    ProtobufCMessage base;
    int32_t a_int32;
    int64_t a_int64;
    uint32_t a_uint32;
    uint64_t a_uint64;
    int32_t a_sint32;
    int64_t a_sint64;
    uint32_t a_fixed32;
    uint64_t a_fixed64;
    int32_t a_sfixed32;
    int64_t a_sfixed64;
    protobuf_c_boolean has_a_float;
    float a_float;
    protobuf_c_boolean has_a_double;
    double a_double;
    protobuf_c_boolean a_bool;
    ProtobufCBinaryData a_string;
    ProtobufCBinaryData a_bytes;
    int a_enum;
    ProtobufCMessage *a_message;
    protobuf_c_boolean last;
};

struct repeated {
    ProtobufCMessage base;
    protobuf_c_boolean first;
    size_t n_int32;
    int32_t *a_int32;
    size_t n_string;
    ProtobufCBinaryData *a_string;
    size_t n_message;
    ProtobufCMessage **a_message;
    size_t n_map;
    ProtobufCMessage **a_map;
    protobuf_c_boolean last;
};

struct optional {
    ProtobufCMessage base;
    protobuf_c_boolean has_a_bool;
    protobuf_c_boolean a_bool;
    protobuf_c_boolean has_a_int64;
    int64_t a_int64;
    protobuf_c_boolean has_a_float;
    float a_float;
    protobuf_c_boolean has_a_bytes;
    ProtobufCBinaryData a_bytes;
    ProtobufCMessage *a_message;
    protobuf_c_boolean has_a_enum;
    int a_enum;
};

struct oneof {
    ProtobufCMessage base;
    protobuf_c_boolean before;
    protobuf_c_boolean after;
    uint32_t choice_case;
    union {
        int32_t a_int32;
        ProtobufCBinaryData a_bytes;
        ProtobufCMessage *a_message;
    };
    uint32_t other_case;
    union {
        protobuf_c_boolean a_bool;
        float a_float;
    };
};

struct small_oneof {
    ProtobufCMessage base;
    uint32_t choice_case;
    union {
        protobuf_c_boolean a_bool;
    };
};

struct empty {
    ProtobufCMessage base;
};

struct one_bool {
    ProtobufCMessage base;
    protobuf_c_boolean a_bool;
};

#define PLAIN(type, member) {offsetof(struct type, member), 0}
#define WITH(type, member, quantifier) {offsetof(struct type, member), offsetof(struct type, quantifier)}

static const struct layout_member scalars_members[] = {
    PLAIN(scalars, a_int32),   PLAIN(scalars, a_int64),   PLAIN(scalars, a_uint32),   PLAIN(scalars, a_uint64),
    PLAIN(scalars, a_sint32),  PLAIN(scalars, a_sint64),  PLAIN(scalars, a_fixed32),  PLAIN(scalars, a_fixed64),
    PLAIN(scalars, a_sfixed32), PLAIN(scalars, a_sfixed64), WITH(scalars, a_float, has_a_float),
    WITH(scalars, a_double, has_a_double), PLAIN(scalars, a_bool), PLAIN(scalars, a_string), PLAIN(scalars, a_bytes),
    PLAIN(scalars, a_enum),    PLAIN(scalars, a_message), PLAIN(scalars, last),
};

static const struct layout_member repeated_members[] = {
    PLAIN(repeated, first),
    WITH(repeated, a_int32, n_int32),
    WITH(repeated, a_string, n_string),
    WITH(repeated, a_message, n_message),
    WITH(repeated, a_map, n_map),
    PLAIN(repeated, last),
};

static const struct layout_member optional_members[] = {
    WITH(optional, a_bool, has_a_bool),   WITH(optional, a_int64, has_a_int64), WITH(optional, a_float, has_a_float),
    WITH(optional, a_bytes, has_a_bytes), PLAIN(optional, a_message),           WITH(optional, a_enum, has_a_enum),
};

static const struct layout_member oneof_members[] = {
    PLAIN(oneof, before),
    WITH(oneof, a_int32, choice_case),
    WITH(oneof, a_bool, other_case),
    WITH(oneof, a_bytes, choice_case),
    WITH(oneof, a_float, other_case),
    WITH(oneof, a_message, choice_case),
    PLAIN(oneof, after),
};

static const struct layout_member small_oneof_members[] = {
    WITH(small_oneof, a_bool, choice_case),
};

static const struct layout_member one_bool_members[] = {
    PLAIN(one_bool, a_bool),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    size_t size;
    size_t count;
    const struct layout_member *members;
} structs[] = {
    [LAYOUT_SCALARS] = {sizeof(struct scalars), COUNT(scalars_members), scalars_members},
    [LAYOUT_REPEATED] = {sizeof(struct repeated), COUNT(repeated_members), repeated_members},
    [LAYOUT_OPTIONAL] = {sizeof(struct optional), COUNT(optional_members), optional_members},
    [LAYOUT_ONEOF] = {sizeof(struct oneof), COUNT(oneof_members), oneof_members},
    [LAYOUT_SMALL_ONEOF] = {sizeof(struct small_oneof), COUNT(small_oneof_members), small_oneof_members},
    [LAYOUT_EMPTY] = {sizeof(struct empty), 0, NULL},
    [LAYOUT_ONE_BOOL] = {sizeof(struct one_bool), COUNT(one_bool_members), one_bool_members},
};

size_t layout_size(enum layout_struct which) { return structs[which].size; }

size_t layout_count(enum layout_struct which) { return structs[which].count; }

struct layout_member layout_member_at(enum layout_struct which, size_t index) { return structs[which].members[index]; }

size_t layout_bytes_size(void) { return sizeof(ProtobufCBinaryData); }

size_t layout_bytes_length_offset(void) { return offsetof(ProtobufCBinaryData, len); }

size_t layout_bytes_address_offset(void) { return offsetof(ProtobufCBinaryData, data); }
