/** The inbox has no wire of its own: its form of a message is the UMF, in XML. */

export { readUmfWire as readKept, writeUmfWire as writeKept } from '../../conversion/umf-wire.js';
