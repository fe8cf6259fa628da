#include "addon/record_layout.h"

#include <cstddef>
#include <type_traits>

#include "wire/frame.h"
#include "wire/page.h"

namespace gpuprobe::addon {
namespace {

// How a member is stored, by its type: a number by its width, text by its size, an array by its
// element type.
template <typename T>
struct Stored {
  using Number = typename std::conditional_t<std::is_enum_v<T>, std::underlying_type<T>,
                                             std::common_type<T>>::type;
  static constexpr std::size_t kSize = sizeof(T);
  static constexpr std::size_t kCount = 1;
  static constexpr bool kArray = false;
  static constexpr const char* storage() {
    if (std::is_class_v<T>) return "record";
    if (std::is_same_v<Number, double>) return "f64";
    if (std::is_same_v<Number, std::uint8_t>) return "u8";
    if (std::is_same_v<Number, std::uint16_t>) return "u16";
    if (std::is_same_v<Number, std::uint32_t>) return "u32";
    if (std::is_same_v<Number, std::int32_t>) return "i32";
    return std::is_same_v<Number, std::uint64_t> ? "u64" : nullptr;
  }
};

template <std::size_t N>
struct Stored<char[N]> {
  static constexpr std::size_t kSize = N;
  static constexpr std::size_t kCount = 1;
  static constexpr bool kArray = false;
  static constexpr const char* storage() { return "text"; }
};

template <typename T, std::size_t N>
struct Stored<T[N]> : Stored<T> {
  static constexpr std::size_t kCount = N;
  static constexpr bool kArray = true;
};

struct Form {
  const char* name;
  const char* counted_by;  // the field that holds the count; null if none does
};

template <typename Member>
void add_field(Napi::Object fields, const char* name, std::size_t offset, Form form) {
  using Storage = Stored<Member>;
  static_assert(Storage::storage() != nullptr, "JavaScript cannot read a member of this type");
  const Napi::Env env = fields.Env();
  Napi::Object field = Napi::Object::New(env);
  field.Set("offset", static_cast<std::uint32_t>(offset));
  field.Set("storage", Storage::storage());
  field.Set("size", static_cast<std::uint32_t>(Storage::kSize));
  field.Set("form", form.name);
  field.Set("room", Storage::kArray ? Napi::Number::New(env, Storage::kCount) : env.Null());
  field.Set("countedBy",
            form.counted_by == nullptr ? env.Null() : Napi::String::New(env, form.counted_by));
  fields.Set(name, field);
}

}  // namespace

Napi::Object describe_records(Napi::Env env) {
  Napi::Object records = Napi::Object::New(env);
#define RECORD(name, type)               \
  {                                      \
    using Record = type;                 \
    constexpr const char* kName = #name; \
    Napi::Object fields = Napi::Object::New(env);
#define FIELD(member, name, form)                           \
  static_assert(!Stored<decltype(Record::member)>::kArray); \
  add_field<decltype(Record::member)>(fields, name, offsetof(Record, member), {#form, nullptr});
#define ARRAY(member, name, form) \
  add_field<decltype(Record::member)>(fields, name, offsetof(Record, member), {#form, nullptr});
#define LIST(member, name, form, counted_by) \
  add_field<decltype(Record::member)>(fields, name, offsetof(Record, member), {#form, #counted_by});
#define END_RECORD                                                \
  Napi::Object record = Napi::Object::New(env);                   \
  record.Set("size", static_cast<std::uint32_t>(sizeof(Record))); \
  record.Set("fields", fields);                                   \
  records.Set(kName, record);                                     \
  }
#include "catalog/records.def"
#undef RECORD
#undef FIELD
#undef ARRAY
#undef LIST
#undef END_RECORD
  return records;
}

}  // namespace gpuprobe::addon
