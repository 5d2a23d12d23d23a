/**
 * What a record looks like. `records` is the nominal, public total over all hospitals, never a private count. `bounds`
 * are public limits of each column, from knowledge of the field, never from data: values are clipped to them and scaled
 * to −1 … 1.
 */
export type StudyData =
  | { kind: 'image'; shape: [number, number, number]; classes: string[]; records: number }
  | { kind: 'vector'; shape: [number]; classes: string[]; records: number; bounds?: [number, number][] }
