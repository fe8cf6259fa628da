#include "sim/engine/fields.h"

#include <string.h>

#include "sim/engine/machine.h"

namespace gpuprobe::sim {
namespace {

template <typename T>
bool store(void* record, std::size_t offset, T value) {
  memcpy(static_cast<char*>(record) + offset, &value, sizeof value);
  return true;
}

bool set_unsigned(void* record, const FieldRow& row, const char* value) {
  const bool wide = row.type == FieldType::u64 || row.type == FieldType::u64_or_null;
  const bool nullable = row.type == FieldType::u32_or_null || row.type == FieldType::u64_or_null;
  // All ones mean null, so no number may have that value.
  const std::uint64_t limit = wide ? kNull64 - 1 : kNull32 - 1;
  std::uint64_t number = kNull64;
  const bool null = nullable && strcmp(value, "null") == 0;
  if (!null && !parse_unsigned(value, limit, &number)) return false;
  if (wide) return store(record, row.offset, number);
  return store(record, row.offset, static_cast<std::uint32_t>(number));
}

bool set_signed(void* record, const FieldRow& row, const char* value) {
  const bool negative = *value == '-';
  std::uint64_t number = 0;
  if (!parse_unsigned(value + negative, 0x7FFFFFFFu, &number)) return false;
  const std::int32_t magnitude = static_cast<std::int32_t>(number);
  return store(record, row.offset, negative ? -magnitude : magnitude);
}

bool set_choice(void* record, const FieldRow& row, const char* value) {
  for (std::uint32_t i = 0; row.choices[i] != nullptr; ++i) {
    if (strcmp(row.choices[i], value) == 0) return store(record, row.offset, i);
  }
  return false;
}

bool set_value(void* record, const FieldRow& row, const char* value) {
  switch (row.type) {
    case FieldType::text:
      return strlen(value) < kMaxTextBytes && store(record, row.offset, value);
    case FieldType::text_or_null:
      if (strcmp(value, "null") == 0) return store<const char*>(record, row.offset, nullptr);
      return strlen(value) < kMaxTextBytes && store(record, row.offset, value);
    case FieldType::u32:
    case FieldType::u64:
    case FieldType::u32_or_null:
    case FieldType::u64_or_null:
      return set_unsigned(record, row, value);
    case FieldType::i32:
      return set_signed(record, row, value);
    case FieldType::choice:
      return set_choice(record, row, value);
    case FieldType::absent:
      if (strcmp(value, "{}") == 0) return store(record, row.offset, std::uint32_t{0});
      return strcmp(value, "null") == 0 && store(record, row.offset, std::uint32_t{1});
  }
  return false;
}

}  // namespace

bool set_field(const FieldRow* rows, std::size_t count, void* record, const char* path,
               const char* value) {
  for (std::size_t i = 0; i < count; ++i) {
    if (strcmp(rows[i].path, path) == 0) return set_value(record, rows[i], value);
  }
  return false;
}

bool parse_unsigned(const char* text, std::uint64_t limit, std::uint64_t* out) {
  if (*text == '\0') return false;
  std::uint64_t number = 0;
  for (; *text != '\0'; ++text) {
    if (*text < '0' || *text > '9') return false;
    const std::uint64_t digit = static_cast<std::uint64_t>(*text - '0');
    // If the digit alone exceeds the limit, the difference below would wrap and accept it.
    // mutation: list-position
    if (digit > limit || number > (limit - digit) / 10) return false;
    number = number * 10 + digit;
  }
  *out = number;
  return true;
}

bool parse_hex(const char** text, unsigned digits, std::uint32_t* out) {
  std::uint32_t number = 0;
  for (unsigned i = 0; i < digits; ++i) {
    const char digit = *(*text);
    const char lower = static_cast<char>(digit | 0x20);
    std::uint32_t value;
    if (digit >= '0' && digit <= '9') {
      value = static_cast<std::uint32_t>(digit - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = static_cast<std::uint32_t>(lower - 'a') + 10;
    } else {
      return false;
    }
    number = number << 4 | value;
    ++*text;
  }
  *out = number;
  return true;
}

}  // namespace gpuprobe::sim
