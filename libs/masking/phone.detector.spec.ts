import { describe, expect, it } from 'vitest';
import { compileMasking } from './compile.js';
import { shippedMasking } from './shipped.js';

const set = compileMasking(shippedMasking);
const masked = (text: string): string => set.maskText(Buffer.from(text))?.toString() ?? text;

describe('telephone numbers are found', () => {
  it.each([
    ['call 020 7946 0958 now', 'call ****58 now'],
    ['020 7946 0958 10 times', '****58 10 times'],
    ['01632 960617', '****17'],
    ['(0362)-175122', '****22'],
    ['(0121)4960732', '****32'],
    ['(02) 1234 5678', '****78'],
    ['0412-379 0446', '****46'],
    ['022 345 678', '****78'],
    ['00420 703 574 254', '****54'],
    ['001-364-840-9674x730', '****'],
    ['(11) 96123-4567', '****67'],
    ['8 (926) 172-01-65', '****65'],
    ['555.470.2028x39603', '****'],
    ['(402)808-6219 ext. 123', '****'],
    ['+90(183)240-3885x5142', '****'],
    ['Phone: 08081570508', 'Phone: ****08'],
    ['phone_number=5795348735', 'phone_number=****35'],
    ['please call me back at 513 832 260', 'please call me back at ****60'],
    ['7525558971 office', '****71 office'],
    ['call 1.4155552671', 'call ****71'],
    ['call 555.2671000', 'call ****00'],
    ['+358 12 5540635-Office', '****35-Office'],
  ])('%j', (text, expected) => expect(masked(text)).toBe(expected));
});

describe('telephone numbers are not', () => {
  it.each([
    '08081570508',
    '5795348735',
    'order 5795348735',
    'hotel 12345678',
    'recall 12345678',
    'phone 1 of 12345678',
    'phone case no. 4, order 12345678',
    'call on 2024-11-20',
    'call on 20.11.2024 1530',
    `Function Call: '(7.136178,7.14)'::pair`,
    'mobile: 1234567.5',
    'mobile: 123456.25',
    'CriOS/40.0.884.0 Mobile/99W973',
    'phone 192.168.100.200',
    '01-02-2024 10 30',
    '012.345.678',
    '0123456 789012',
    '(12) 345 678',
    '(2024) 10-20',
    '000 123 456 789',
    '2024-11-20 0123 456',
  ])('%j', (text) => expect(masked(text)).toBe(text));
});
