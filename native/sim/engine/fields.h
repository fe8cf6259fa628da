// Stores values of the flat scenario text by table: where each path is stored, and which values it
// allows.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gpuprobe::sim {

enum class FieldType {
  text,          // const char*, into the scenario's own text
  text_or_null,  // "null" is a null pointer
  u32,           //
  u64,           //
  i32,           //
  u32_or_null,   // "null" is kNull32
  u64_or_null,   // "null" is kNull64
  choice,        // u32: position in `choices`
  absent,        // u32: 1 for "null", 0 for "{}"
};

struct FieldRow {
  const char* path;
  FieldType type;
  std::size_t offset;
  const char* const* choices;  // null-terminated
};

// Finds `path` among the rows and stores `value` in `record`. Returns false for an unknown path or
// an invalid value.
bool set_field(const FieldRow* rows, std::size_t count, void* record, const char* path,
               const char* value);

// Parses decimal digits only, at most `limit`.
bool parse_unsigned(const char* text, std::uint64_t limit, std::uint64_t* out);

// Reads exactly `digits` hexadecimal digits and advances past them.
bool parse_hex(const char** text, unsigned digits, std::uint32_t* out);

}  // namespace gpuprobe::sim
