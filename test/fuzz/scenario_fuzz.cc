// The scenario parser: any text is either a machine or refused.
#include <cstdlib>
#include <cstring>

#include "input.h"
#include "machine_walk.h"
#include "sim/engine/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace gpuprobe;
  sim::Arena arena;
  char* text = arena.take_array<char>(size);
  if (size > 0) memcpy(text, bytes, size);
  sim::Scenario scenario = {};
  if (sim::parse_scenario(text, size, &arena, &scenario)) {
    MUST(scenario.state_count > 0);
    fuzz::walk(scenario);
  }
  arena.free_all();
  return 0;
}
