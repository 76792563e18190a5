import type { Step, Tour } from './tour.js';

export const maskedReads: Step = {
  title: 'An agent connects with its token, and reads masked rows',
  why: `the agent keeps its own client; the token is its password, and the database's password stays with
        Weirkeeper. What a column's name says is masked by column, what hides in free text is found by its value.`,

  async run(tour) {
    await connect(tour);
    await byColumn(tour);
    await byValue(tour);
  },
};

async function connect(tour: Tour): Promise<void> {
  const { screen, house } = tour;
  const where = `host=127.0.0.1 port=${house.postgresPort} dbname=demo user=agent`;
  screen.typed('$', `PGPASSWORD=$(./weir token agent) psql "${where}"`);
  await screen.during('the agent connects', tour.connect());
  screen.check(true, 'a token of the identity provider opens the session');
}

async function byColumn({ agent, screen }: Tour): Promise<void> {
  const text = 'SELECT id, name, email, ssn, city FROM customers ORDER BY id LIMIT 3';
  const { rows, notices } = await agent.run(text);
  const column = (at: number) => rows.map((row) => row[at] ?? '');
  screen.check(rows.length === 3, 'the rows came');
  screen.check(
    column(2).every((email) => /^[a-z]\*\*\*@example\.com$/.test(email)),
    'e-mail addresses are masked in part',
  );
  screen.check(
    column(3).every((ssn) => ssn === '****'),
    'social security numbers are masked whole',
  );
  screen.check(
    column(4).every((city) => /^[A-Z][a-z]+$/.test(city)),
    'cities are not masked',
  );
  const said = notices.map(({ message }) => message).join('\n');
  screen.check(/email.*ssn/.test(said), 'the client was told which columns are masked');
}

async function byValue({ agent, screen }: Tour): Promise<void> {
  const text = "SELECT id, subject, body FROM tickets WHERE body LIKE 'I paid with%' ORDER BY id LIMIT 3";
  const { rows } = await agent.run(text);
  const bodies = rows.map((row) => row[2] ?? '');
  screen.check(bodies.length === 3, 'a column that no rule names can be read and searched');
  screen.check(
    bodies.every(
      (body) => body.startsWith('I paid with ') && !/\d{12}/.test(body) && body.endsWith('charged twice.'),
    ),
    'the card number in it is masked, the words around it are not',
  );
}
