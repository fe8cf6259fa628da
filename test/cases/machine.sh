# Run as root: `unshare --mount --propagation private sh machine.sh COMMAND...`. Builds the machine that the variables
# describe out of real files that only the command sees, and runs it there. Each CASE_ variable is a field of
# README.md; an empty one means that there is none.
set -e
root=$(mktemp -d)
mount -t tmpfs -o mode=755 none "$root"


mkdir "$root/dev" "$root/driver"
node() { mknod -m "${CASE_MODE:-666}" "$root/dev/$1" c "$2" "$3"; }
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/zero" c 1 5
mknod -m 666 "$root/dev/random" c 1 8
mknod -m 666 "$root/dev/urandom" c 1 9
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"
if [ -n "$CASE_CONTROL" ]; then node nvidiactl 195 255; fi
index=0
while [ "$index" -lt "${CASE_NODES:-0}" ]; do
  node "nvidia$index" 195 "$index"
  index=$((index + 1))
done
if [ -n "$CASE_GPU0" ]; then
  rm -f "$root/dev/nvidia0"
  # Two words: major and minor.
  node nvidia0 $CASE_GPU0
fi
if [ -n "$CASE_UVM" ]; then node nvidia-uvm "$CASE_UVM" 0; fi
if [ -n "$CASE_WSL" ]; then node dxg 10 63; fi

if [ -n "$CASE_VERSION" ]; then
  mkdir -p "$root/driver/nvidia/gpus"
  echo "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  $CASE_VERSION  Release Build" >"$root/driver/nvidia/version"
  index=0
  while [ "$index" -lt "${CASE_GPUS:-0}" ]; do
    index=$((index + 1))
    mkdir "$root/driver/nvidia/gpus/0000:$(printf %02x $index):00.0"
  done
  mount --bind "$root/driver" /proc/driver
  {
    sed '/^Block devices/,$d' /proc/devices | sed '/^$/d'
    echo '195 nvidia'
    if [ -n "$CASE_KERNEL_UVM" ]; then echo "$CASE_KERNEL_UVM nvidia-uvm"; fi
  } >"$root/devices"
  mount --bind "$root/devices" /proc/devices
fi
mount --bind "$root/dev" /dev
# What marks a container is hidden behind a device that nobody answers for, so that it cannot be read.
if [ -n "$CASE_HOST" ] && [ -e /.dockerenv ]; then
  mknod "$root/none" c 195 250
  mount --bind "$root/none" /.dockerenv
fi
umount -l "$root"
rmdir "$root"
exec setpriv --reuid="$CASE_UID" --regid="$CASE_UID" --clear-groups "$@"
