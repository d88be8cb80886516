import { describeWhere } from '../cli/describe-where.ts';
import { goTuf, type GoTuf } from '../peers/go-tuf.ts';
import { World } from './world.ts';

/** Tests of a whole deployment on a local AWS, read by go-tuf's client. Each file has a world of its own, which it ends. */
export async function describeDeployed(title: string, tests: (world: World, peer: GoTuf) => void): Promise<void> {
  const peer = await goTuf();
  const world = peer && (await World.make());
  const needed = world && { world, peer };
  const what = 'Go, Python 3.10 or newer with venv, Node 24, and their packages';
  describeWhere(title, what, needed, ({ world: made, peer: client }) => {
    tests(made, client);
  });
}
