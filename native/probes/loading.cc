#include "probes/loading.h"

namespace gpuprobe::probes {

bool answer_load(driver::LoadStatus status, const driver::Library& library, const Source& source,
                 Question* question) {
  const bool simulated = library.simulator != nullptr;
  if (status == driver::LoadStatus::library_missing) {
    question->answer(Outcome::failed, Api::probe, kLIBRARY_NOT_FOUND, simulated, library.error);
    return false;
  }
  if (status == driver::LoadStatus::symbol_missing) {
    question->answer(Outcome::failed, Api::probe, kSYMBOL_NOT_FOUND, simulated, library.error);
    return false;
  }
  if (source.world_fd >= 0) {
    const int error = simulated ? library.simulator->attach(source.world_fd) : -1;
    if (error != 0) {
      question->answer(Outcome::failed, Api::probe, kSIMULATOR_FAILED, simulated, library.path);
      return false;
    }
  }
  question->answer(Outcome::ok, Api::none, 0, simulated, library.path);
  return true;
}

}  // namespace gpuprobe::probes
