// The same to a log on Kafka.
//   node log-writer.kafka.js <options as JSON> <writer>
import { openKafkaLog, type KafkaLogOptions } from '#event-log';
import { writeForever } from './log-writer.forever.js';

const [options, writer] = process.argv.slice(2);
if (!options || !writer) throw new Error('usage: log-writer.kafka.js <options> <writer>');

await writeForever(await openKafkaLog(JSON.parse(options) as KafkaLogOptions), writer);
