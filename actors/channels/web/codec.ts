/**
 * The wire of this channel is UMF in XML. What comes in is kept whole; what goes out is fitted to
 * an open page.
 */

export { writeShown as writeWire } from '../../conversion/shown.js';
export { readUmfWire as readWire, writeUmfWire as writeWhole } from '../../conversion/umf-wire.js';
