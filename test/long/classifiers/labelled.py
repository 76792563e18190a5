"""Writes labelled texts, one JSON object a line: {source, text, spans: [{class, start, end}]}, in characters.

Nothing here was written for Weirkeeper's classifiers: sentences are the templates that presidio-evaluator ships,
values are Faker's and phonenumbers', IBAN structures are python-stdnum's. argv[1]: a folder with these packages.
"""

import json
import random
import re
import sys
from pathlib import Path

home = Path(sys.argv[1])
sys.path.insert(0, str(home))

import phonenumbers  # noqa: E402
from faker import Faker  # noqa: E402
from phonenumbers import PhoneNumberFormat, PhoneNumberType  # noqa: E402
from stdnum import iban as stdnum_iban, numdb  # noqa: E402

SEED = 20261121
LOCALES = [
    "en_US", "en_GB", "en_AU", "en_IN", "de_DE", "fr_FR", "it_IT", "es_ES", "es_MX", "nl_NL", "pl_PL", "pt_BR",
    "pt_PT", "sv_SE", "no_NO", "da_DK", "fi_FI", "cs_CZ", "tr_TR", "ja_JP", "ko_KR", "zh_CN", "ru_RU",
]
random.seed(SEED)
Faker.seed(SEED)
fakers = {locale: Faker(locale) for locale in LOCALES}
english = fakers["en_US"]
file = home / "presidio_evaluator/data_generator/raw_data/templates.txt"
# A line each, with line ends written out; a few bytes do not decode.
templates = [line.replace("\\n", "\n") for line in file.read_text("utf-8", "replace").splitlines()]


def put(source, text, spans=()):
    print(json.dumps({"source": source, "text": text, "spans": [dict(zip(("class", "start", "end"), s)) for s in spans]}))


def card(fake):
    """Faker's number, bare or as cards are printed."""
    number = fake.credit_card_number()
    if len(number) == 16:
        return random.choice([number, " ".join(re.findall("....", number)), "-".join(re.findall("....", number))])
    if len(number) == 15:
        return random.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
    return number


structures = {
    country: properties["bban"]
    for country in sorted({prefix for _, prefix, *_ in [(0, p[1]) for p in numdb.get("iban").prefixes]})
    for _, properties in [numdb.get("iban").info(country)[0]]
    if "bban" in properties
}


def bban(structure):
    kinds = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "e": " "}
    return "".join(
        random.choice(kinds[kind]) for count, kind in re.findall(r"(\d+)!?([nace])", structure) for _ in range(int(count))
    )


def iban(_fake):
    country = random.choice(list(structures))
    account = bban(structures[country])
    number = country + stdnum_iban.calc_check_digits(f"{country}00{account}") + account
    return random.choice([number, stdnum_iban.format(number)])


makers = {
    "card": card,
    "iban": iban,
    "email": lambda fake: random.choice([fake.email, fake.company_email, fake.free_email, fake.ascii_safe_email])(),
    "phone": lambda fake: fake.phone_number(),
    "ssn": lambda _fake: english.ssn(),
}
tags = {"credit_card_number": "card", "iban": "iban", "email": "email", "phone_number": "phone", "ssn": "ssn"}
others = {
    "person": "name", "organization": "company", "building_number": "building_number", "age": "random_digit_not_null",
    "nationality": "country", "name_female": "name_female", "name_male": "name_male", "date_of_birth": "date",
    "ip_address": "ipv4", "us_driver_license": "license_plate", "state_abbr": "country_code", "zipcode": "postcode",
    "nation_woman": "country", "nation_plural": "country", "secondary_address": "street_address", "date_time": "date",
    "first_name_nonbinary": "first_name", "prefix": "first_name", "prefix_male": "first_name",
    "prefix_female": "first_name", "first_name_male": "first_name", "first_name_female": "first_name",
    "last_name_male": "last_name", "last_name_female": "last_name",
}


def fill(template, fake):
    text, spans, last = "", [], 0
    for tag in re.finditer(r"\{\{\s*(\w+)\s*\}\}", template):
        text += template[last : tag.start()]
        name = tag.group(1)
        label = tags.get(name)
        value = str(makers[label](fake) if label else getattr(fake, others.get(name, name))())
        if label:
            spans.append((label, len(text), len(text) + len(value)))
        text += value
        last = tag.end()
    return text + template[last:], spans


for round_ in range(4):
    for locale in LOCALES:
        for template in templates:
            text, spans = fill(template, fakers[locale])
            put("sentences", text, spans)

for locale in LOCALES:
    for label, make in makers.items():
        for _ in range(100):
            value = make(fakers[locale])
            put("values", value, [(label, 0, len(value))])

with_phone = [template for template in templates if "{{phone_number}}" in template]
formats = {
    "phones, international": [PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164, PhoneNumberFormat.RFC3966],
    "phones, national": [PhoneNumberFormat.NATIONAL],
}
for region in sorted(phonenumbers.SUPPORTED_REGIONS):
    for kind in (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        for source, each in formats.items():
            for form in each:
                value = phonenumbers.format_number(example, form).removeprefix("tel:")
                put(source, value, [("phone", 0, len(value))])
                template = re.sub(r"\{\{(?!phone_number)\w+\}\}", "…", random.choice(with_phone), flags=0)
                start = template.index("{{phone_number}}")
                text = template.replace("{{phone_number}}", value, 1).replace("{{phone_number}}", "…")
                put(source, text, [("phone", start, start + len(value))])

# Nothing of these is of any class.
plain = [
    "uuid4", "md5", "sha1", "sha256", "ean13", "ean8", "isbn13", "isbn10", "ipv4", "ipv6", "mac_address", "iso8601", "unix_time",
    "date", "time", "postcode", "license_plate", "address", "company", "user_agent", "credit_card_expire", "swift", "vin",
    "file_path", "url", "hex_color", "pricetag", "latitude", "sentence", "name", "job", "bs", "mime_type", "slug", "user_name",
    "port_number", "credit_card_security_code", "hostname", "pyfloat", "pyint", "timezone", "image_url",
]
for locale in LOCALES:
    fake = fakers[locale]
    for name in plain:
        for _ in range(25):
            try:
                put("plain", str(getattr(fake, name)()))
            except AttributeError:
                put("plain", str(getattr(english, name)()))
    for pattern in ("ORD-####-########", "INV/%####/20##", "########", "##########", "%###-%###-%###", "#.#.#", "##.##.####"):
        for _ in range(25):
            put("plain", fake.numerify(pattern))
    for _ in range(25):
        put("plain", f"{fake.iso8601()} {fake.hostname()} app[{fake.pyint()}]: GET {fake.uri_path()} {fake.ipv4()} 200 {fake.pyint()}ms")
        put("plain", f"INSERT INTO t VALUES ({fake.pyint()}, '{fake.uuid4()}', '{fake.date_time()}', {fake.pyfloat()});")
