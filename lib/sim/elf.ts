const SECTION_DYNAMIC_SYMBOLS = 11;
const UNDEFINED = 0;
/** Offsets in the records of a 64-bit little-endian ELF file (elf(5)). */
const HEADER = { sectionTable: 0x28, sectionSize: 0x3a, sectionCount: 0x3c } as const;
const SECTION = { type: 0x04, offset: 0x18, size: 0x20, link: 0x28 } as const;
const SYMBOL = { size: 24, name: 0, section: 6, value: 8 } as const;

/**
 * Returns a copy of a shared library that does not export these symbols: the dynamic linker ignores undefined
 * symbols. The library must be linked with -Bsymbolic, so that it does not look up its own functions by name.
 *
 * @throws RangeError if this is not such a file
 */
export function withoutSymbols(library: Buffer, names: ReadonlySet<string>): Buffer {
  const copy = Buffer.from(library);
  const table = Number(copy.readBigUInt64LE(HEADER.sectionTable));
  const size = copy.readUInt16LE(HEADER.sectionSize);
  const section = (index: number, field: number) => table + index * size + field;
  const place = (index: number) => ({
    start: Number(copy.readBigUInt64LE(section(index, SECTION.offset))),
    bytes: Number(copy.readBigUInt64LE(section(index, SECTION.size))),
  });
  for (let index = 0; index < copy.readUInt16LE(HEADER.sectionCount); index++) {
    if (copy.readUInt32LE(section(index, SECTION.type)) !== SECTION_DYNAMIC_SYMBOLS) continue;
    const symbols = place(index);
    const strings = place(copy.readUInt32LE(section(index, SECTION.link))).start;
    for (let at = symbols.start; at < symbols.start + symbols.bytes; at += SYMBOL.size) {
      const start = strings + copy.readUInt32LE(at + SYMBOL.name);
      if (!names.has(copy.toString('latin1', start, copy.indexOf(0, start)))) continue;
      copy.writeUInt16LE(UNDEFINED, at + SYMBOL.section);
      copy.writeBigUInt64LE(0n, at + SYMBOL.value);
    }
  }
  return copy;
}
