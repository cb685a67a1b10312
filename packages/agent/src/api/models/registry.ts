/**
 * The models that the API's document names: each is registered where it is declared, under the name that the field gives it.
 * What is ours alone is marked in its description.
 */
import * as z from 'zod';

/** A model's name and meaning in the API's document. */
export interface ModelMetadata {
  readonly id: string;
  readonly description: string;
}

export const models = z.registry<ModelMetadata>();
