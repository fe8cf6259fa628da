import type { Device } from '../../../probe/report.js';

/** Returns the problems of a GPU's memory, link and state; empty for a healthy GPU. */
export function healthWords({ ecc, remappedRows, retiredPages, recoveryAction, pcie }: Device): string[] {
  return [
    ...eccWords(ecc),
    ...(remappedRows?.failure ? ['a row of memory could not be replaced'] : []),
    ...(remappedRows?.pending ? ['a row of memory waits to be replaced'] : []),
    ...(retiredPages?.pending ? ['a page of memory waits to be retired'] : []),
    ...(recoveryAction === null || recoveryAction === 'none'
      ? []
      : [`the driver asks for: ${recoveryAction}`]),
    // Ignores the link generation, because an idle GPU lowers it by itself.
    ...(pcie.width !== null && pcie.maxWidth !== null && pcie.width < pcie.maxWidth
      ? [`PCIe x${pcie.width} of x${pcie.maxWidth}`]
      : []),
  ];
}

function eccWords(ecc: Device['ecc']): string[] {
  const counts = [
    [ecc?.volatile.uncorrected, 'since the driver was loaded'],
    [ecc?.aggregate.uncorrected, 'in the life of the board'],
  ] as const;
  const words = counts.flatMap(([count, when]) => (count != null && count > 0 ? [`${count} ${when}`] : []));
  return words.length === 0 ? [] : [`uncorrected memory errors: ${words.join(', ')}`];
}
