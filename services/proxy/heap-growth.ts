import { setFlagsFromString } from 'node:v8';

// The old generation may double before it is marked anew. V8 lets it grow by a tenth where most garbage is young,
// as here after some minutes of short statements; a read of many rows then ran beside one marking after another,
// which wait for the external memory of its buffers: 1.3 to 1.6 times the time, and twice that of processor.
setFlagsFromString('--heap-growing-percent=100');
