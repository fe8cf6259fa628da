// What the sanitized helper processes are told: their environment is the source's, so ASAN_OPTIONS
// does not reach them. Faults that a scenario raises are signals, as they are without a sanitizer,
// so each report is a finding.
#define REPORTS "log_path=" GPUPROBE_REPORTS

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the runtime's names
__attribute__((visibility("default"))) const char* __asan_default_options() {
  return "detect_leaks=0:handle_segv=0:handle_abort=0:" REPORTS;
}

__attribute__((visibility("default"))) const char* __ubsan_default_options() {
  return "print_stacktrace=1:" REPORTS;
}
// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"
