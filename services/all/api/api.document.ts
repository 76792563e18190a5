import type { OpenAPIObject } from '@nestjs/swagger';

type Section = Readonly<Record<string, unknown>>;

/** One document of all slices. Throws where two say different things under one name. */
export function mergedDocument(documents: readonly OpenAPIObject[]): OpenAPIObject {
  const [first, ...others] = documents;
  if (!first) throw new Error('no document to merge');
  return others.reduce<OpenAPIObject>(
    (merged, document) => ({
      ...merged,
      paths: joined(merged.paths as Section, document.paths as Section) as OpenAPIObject['paths'],
      components: joinedSections(merged.components ?? {}, document.components ?? {}),
    }),
    first,
  );
}

function joinedSections(one: object, other: object): Record<string, object> {
  const [a, b] = [one, other] as Record<string, Section>[];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, joined(a?.[name] ?? {}, b?.[name] ?? {})]));
}

function joined(one: Section, other: Section): Section {
  for (const [name, said] of Object.entries(other))
    if (name in one && JSON.stringify(one[name]) !== JSON.stringify(said))
      throw new Error(`${name} is described twice, and not alike`);
  return { ...one, ...other };
}
