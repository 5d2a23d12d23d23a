/**
 * What a record looks like at every hospital. `bounds` are public limits of each column, from knowledge of the field, never
 * from data: values are clipped to them and scaled to −1 … 1.
 */
export type DataContract =
  | { kind: 'image'; shape: [number, number, number]; classes: string[] }
  | { kind: 'vector'; shape: [number]; classes: string[]; bounds?: [number, number][] }
