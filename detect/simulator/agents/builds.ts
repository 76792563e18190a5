import { week } from '../calendar.js';
import type { Agent } from '../model.js';
import { chanceOf } from '../random.js';
import { buildOf } from './fleet.js';

/** What an agent says of itself in `application_name`: docs/ingest-format.md has the convention. */
export interface Build {
  readonly version: string;
  /** The first twelve digits of the image's digest. */
  readonly image: string;
  /** The change that brought it. */
  readonly change: string;
}

export function buildAt(agent: Agent, at: number): Build {
  const build = buildOf(agent, at);
  return {
    version: `1.${build}.${Math.floor(chanceOf(agent.index, build, 1) * 4)}`,
    image: hexOf(agent.index, build),
    change: `CHG-${1000 + Math.floor(chanceOf(agent.index, build, 2) * 9000)}`,
  };
}

/** `etl-7/1.4.2 image=sha256:3f2a9c81d0b4 ref=CHG-1042` */
export function programOf(agent: Agent, { version, image, change }: Build): string {
  return `${agent.name}/${version} image=sha256:${image} ref=${change}`;
}

/** The client's program of an ordinary session. Who is called at night types into psql now and then. */
export function usualProgram(agent: Agent, at: number): string {
  const byHand = agent.profile.rhythm === 'oncall' && chanceOf(agent.index, Math.floor(at / 3_600_000)) < 0.3;
  return byHand ? 'psql' : programOf(agent, buildAt(agent, at));
}

/**
 * The address of an ordinary session. Networks are kept for long, addresses are not: pods restart, machines are replaced
 * by some deployments, people get another one of the VPN each day, or sit in the office from noon on, and now and then a
 * whole site fails over for a week.
 */
export function usualHost(agent: Agent, at: number, replica: number): string {
  const { index, network } = agent;
  const build = buildOf(agent, at);
  const thisWeek = Math.floor(at / week);
  const failedOver = chanceOf(Number(network.split('.')[1]), thisWeek, 77) < 0.025;
  const home = failedOver ? network.replace(/^10\.(\d)/, '10.1$1') : network;
  const one = (most: number, ...parts: readonly number[]) =>
    10 + Math.floor(chanceOf(index, ...parts) * most);
  switch (agent.profile.comesFrom) {
    case 'pods':
      return `${home}.${one(40, build, thisWeek, replica % agent.replicas)}`;
    case 'machine':
      return `${home}.${one(200, Math.floor(build / 3))}`;
    case 'vpn':
      return chanceOf(index, Math.floor(at / 43_200_000), 3) < 0.4
        ? `10.80.${index % 5}.${one(200)}`
        : `10.90.${index % 8}.${one(200, Math.floor(at / 86_400_000))}`;
    case 'runner':
      return `10.64.${one(16, Math.floor(at / 60_000), 1)}.${one(200, Math.floor(at / 60_000), 2)}`;
  }
}

/** Twelve hex digits. */
export function hexOf(...parts: readonly number[]): string {
  const half = (salt: number) =>
    Math.floor(chanceOf(...parts, salt) * 0x100_0000)
      .toString(16)
      .padStart(6, '0');
  return half(11) + half(12);
}
