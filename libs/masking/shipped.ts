import { dataClass } from './data-class.js';
import type { MaskingRule, MaskingRules } from './rules.js';

// Columns that speak about such a value without holding one: `email_verified`, `token_expires_at`, `is_pin_set`.
const exceptions = [
  'is_*', 'has_*', '*_verified', '*_confirmed', '*_enabled', '*_opt_in', '*_at', '*_count', '*_type', '*_status',
]; // prettier-ignore

// In the order in which they win: `pin` before what merely contains it, secrets before anything they name.
const names: readonly (readonly [className: string, globs: readonly string[]])[] = [
  [
    'secret',
    ['*password*', '*passwd*', '*passphrase*', '*secret*', '*api_key*', '*apikey*', '*private_key*', '*privatekey*',
      '*access_key*', '*accesskey*', 'token', '*_token', '*accesstoken', '*refreshtoken', '*authtoken',
      'password_hash', '*_credentials', 'credentials', '*totp*', 'otp', '*_otp', 'mfa_*'],
  ],
  ['email', ['*email*', '*e_mail*']],
  ['card', ['*card_number*', '*cardnumber*', '*card_no', '*credit_card*', '*creditcard*', 'pan', '*_pan', 'pan_*', 'ccn', 'cc_number', '*_ccn']],
  ['pin', ['pin', '*_pin', 'pin_code', 'pincode', 'cvv', 'cvc', 'cvv2', 'cvc2', '*_cvv', '*_cvc', 'card_security_code']],
  ['ssn', ['ssn', '*_ssn', 'ssn_*', '*social_security*', '*socialsecurity*', '*national_id', '*nationalid', '*tax_id', '*taxid', '*passport_n*', '*passportn*']],
  ['iban', ['*iban*']],
  ['account_id', ['*account_number*', '*accountnumber*', '*bank_account*', '*bankaccount*']],
  ['phone', ['*phone*', 'mobile', '*_mobile', 'mobile_n*', 'tel', '*_tel', 'telephone*', 'fax', '*_fax', '*msisdn*']],
  ['birth_date', ['*birth_date*', '*birthdate*', '*date_of_birth*', '*dateofbirth*', 'dob', '*_dob', 'birthday', '*_birthday', '*birth_day*']],
  ['salary', ['*salary*', '*_wage', 'wage', 'wages']],
]; // prettier-ignore

/** What is masked where no masking.yaml is configured: columns whose names say that they are sensitive. */
export const shippedMasking: MaskingRules = {
  rules: [
    ...exceptions.map((glob) => rule(glob, 'none', 'clear')),
    ...names.flatMap(([className, globs]) =>
      globs.map((glob) => rule(glob, className, dataClass(className).transform)),
    ),
  ],
  patterns: [],
  inbound: {},
};

function rule(glob: string, className: string, transform: MaskingRule['transform']): MaskingRule {
  return { connection: '*', column: `*.*.${glob}`, class: className, transform };
}
