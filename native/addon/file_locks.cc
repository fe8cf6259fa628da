#include "addon/file_locks.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

namespace gpuprobe::addon {
namespace {

// l_pid must be 0: the kernel refuses an OFD lock with any other value.
struct flock range_of(const Napi::CallbackInfo& info, short type, std::int64_t length = 1) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(info[1].As<Napi::Number>().Int64Value());
  lock.l_len = static_cast<off_t>(length);
  return lock;
}

int set_lock(const Napi::CallbackInfo& info, short type) {
  struct flock lock = range_of(info, type);
  return fcntl(info[0].As<Napi::Number>().Int32Value(), F_OFD_SETLK, &lock) == 0 ? 0 : -errno;
}

Napi::Value lock_byte(const Napi::CallbackInfo& info) {
  const int result = set_lock(info, F_WRLCK);
  // POSIX allows either errno if the lock is held by another owner.
  return Napi::Number::New(info.Env(), result == -EACCES ? -EAGAIN : result);
}

Napi::Value unlock_byte(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), set_lock(info, F_UNLCK));
}

Napi::Value is_locked(const Napi::CallbackInfo& info) {
  struct flock lock = range_of(info, F_WRLCK, info[2].As<Napi::Number>().Int64Value());
  const int result = fcntl(info[0].As<Napi::Number>().Int32Value(), F_OFD_GETLK, &lock);
  return Napi::Number::New(info.Env(), result != 0 ? -errno : (lock.l_type == F_UNLCK ? 0 : 1));
}

}  // namespace

void export_file_locks(Napi::Env env, Napi::Object exports) {
  exports.Set("lockByte", Napi::Function::New<lock_byte>(env, "lockByte"));
  exports.Set("unlockByte", Napi::Function::New<unlock_byte>(env, "unlockByte"));
  exports.Set("isLocked", Napi::Function::New<is_locked>(env, "isLocked"));
}

}  // namespace gpuprobe::addon
