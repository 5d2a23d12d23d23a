/** What is said about a model inside of its own file. */
export interface ModelWords {
  readonly name: string
  readonly description: string
  readonly metadata: Readonly<Record<string, string>>
}
