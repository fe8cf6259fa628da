# Run as root in a mount namespace of its own, as `unshare --mount sh denial.sh CGROUP PREPARATION COMMAND...`: a /dev
# and a kernel module that only the command sees, the machine's own left alone.
set -e
cgroup=$1
preparation=$2
shift 2
mount -t tmpfs -o mode=755 none /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/random c 1 8
mknod -m 666 /dev/urandom c 1 9
mknod -m 666 /dev/nvidiactl c 195 255
mknod -m 666 /dev/nvidia0 c 195 0
mknod -m 666 /dev/nvidia-uvm c 510 0
mount -t tmpfs -o mode=755 none /sys/module
mkdir /sys/module/nvidia
echo live >/sys/module/nvidia/initstate
if [ -n "$cgroup" ]; then echo $$ >"$cgroup/cgroup.procs"; fi
eval "$preparation"
exec "$@"
