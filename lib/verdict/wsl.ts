import type { Host } from '../probe/report.js';

/**
 * WSL2: the kernel driver is that of Windows, and /usr/lib/wsl/lib has the matching libraries. Linux driver
 * packages overwrite them and break the GPU for good (NVIDIA's CUDA on WSL guide, microsoft/WSL#9166). There
 * is no module to load, and the kernel log has no NVIDIA lines. So remedies for a Linux driver must not be
 * given there.
 */
const LINUX_DRIVER =
  /\b(modprobe|rmmod|dmesg|dkms|lspci|insmod)\b|nvidia-(modprobe|persistenced|bug-report)|--gpu-reset|-c 0\b|\/proc\/driver|\/sys\/module|unload|reload the driver|reboot|install the driver|upgrade the driver|ls -l \/dev\/nvidia|kernel log/i;

const WINDOWS =
  'In Windows: update the NVIDIA driver there, then run `wsl --update` and `wsl --shutdown`. Never install a Linux NVIDIA driver inside WSL2: it breaks the GPU for WSL2.';

/** Returns the remedies that help on this host, in their order. */
export function remedyHere(host: Host, remedy: readonly string[]): string[] {
  if (!host.wsl) return [...remedy];
  const left = remedy.filter((step) => !LINUX_DRIVER.test(step));
  const isSaid = left.some((step) => step.includes('wsl --update'));
  return left.length === remedy.length || isSaid ? left : [...left, WINDOWS];
}
