// Where the fields of the records in catalog/records.def lie.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

// By the record's name: its size, and its fields by theirs.
Napi::Object describe_records(Napi::Env env);

}  // namespace gpuprobe::addon
