// What JavaScript needs to read flat records: names by number, offsets of fields. Published from
// the declarations themselves, so that no second copy can disagree.
#pragma once

#include <napi.h>

namespace gpuprobe::addon {

Napi::Object describe_layout(Napi::Env env);

}  // namespace gpuprobe::addon
