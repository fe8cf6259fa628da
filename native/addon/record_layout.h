// Layout of the records in catalog/records.def.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

// Returns, by record name, its size and its fields by name.
Napi::Object describe_records(Napi::Env env);

}  // namespace gpuprobe::addon
