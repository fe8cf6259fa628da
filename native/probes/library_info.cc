// Describes both libraries and what they export: loads them without calling them.
#include <dlfcn.h>

#include "driver/cuda.h"
#include "driver/nvml.h"
#include "driver/text.h"
#include "probes/loading.h"
#include "probes/registry.h"

namespace gpuprobe::probes {
namespace {

LibraryRecord describe(LibraryId id, driver::LoadStatus status, const driver::Library& library,
                       const driver::SymbolList& symbols) {
  LibraryRecord record{};
  record.library = id;
  record.loaded = library.handle != nullptr;
  record.usable = status == driver::LoadStatus::loaded;
  record.simulated = library.simulator != nullptr;
  driver::copy_text(record.path, library.path);
  driver::copy_text(record.error, library.error);
  const std::size_t count = symbols.count < kMaxSymbols ? symbols.count : kMaxSymbols;
  record.symbol_count = static_cast<std::uint32_t>(count);
  for (std::size_t i = 0; library.handle != nullptr && i < count; ++i) {
    record.present[i] = dlsym(library.handle, symbols.slots[i].name) != nullptr;
  }
  return record;
}

// The tables are not used: both libraries are only opened for inspection.
template <typename Table>
LibraryRecord inspect(LibraryId id, const driver::SymbolList& symbols, const Source& source,
                      driver::LoadStatus (*load)(const driver::LibrarySearch&, Table*)) {
  static Table table;
  const driver::LoadStatus status = load(search_of(source), &table);
  return describe(id, status, table.library, symbols);
}

// A missing library is also a valid answer to this question.
void tell(const Sink& sink, Question* question, const LibraryRecord& record) {
  sink.send(FrameType::library, &record);
  question->answer(Api::none, 0, record.simulated != 0);
}

}  // namespace

void run_libraries(const Run& run) {
  const Source& source = run.source;
  const Sink& sink = run.sink;
  Question nvml(sink, CheckId::nvml_load, run.via);
  tell(sink, &nvml, inspect(LibraryId::nvml, driver::nvml_symbols(), source, driver::load_nvml));
  Question cuda(sink, CheckId::cuda_load, run.via);
  tell(sink, &cuda, inspect(LibraryId::cuda, driver::cuda_symbols(), source, driver::load_cuda));
}

}  // namespace gpuprobe::probes
