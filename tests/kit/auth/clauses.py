"""Which clause of promise 1 each case of the corpus is about: the first whose words fit."""

import re
from collections.abc import Iterable
from typing import Final

from tests.kit.auth.corpus import Case

CLAUSES: Final = {
    "three parts": r"empty|(one|two|four|five) parts?.*|.* dots?|(leading|trailing) dot"
    r"|empty (header|payload)|parts in another order|a word|null|JSON serialisation"
    r"|with its scheme|quoted|alg .*, no third part",
    "16 KB at most": r"(good, )?just (over|under) 16 KB|a megabyte",
    "strict base64url": r"not ASCII|an emoji|a lone surrogate|a NUL|good, with spare bits unset"
    r"|(header|payload|signature) (padded|half padded|with spare bits set|cut to an .*"
    r"|led by a space|ended by .*|broken by .*|with a tab|with a foreign letter"
    r"|with a percent .*|with a Cyrillic .*|in base64's .*)|.*, signed so",
    "no member twice": r".* member twice.*|(header|payload) says .* again|organisation twice",
    "no deep nesting": r".*\d deep|.* arrays deep|.* objects deep|.* brackets open|.* of escapes"
    r"|good, brackets.*",
    "finite numbers": r"(header|payload) with (NaN|Infinity|1e400|5,000 digits)"
    r"|(exp|iat|nbf) (NaN|-?Infinity|-?1e\d+|-?[19]\d{20,}) .*|good with fractions",
    "one JSON object each": r"(header|payload) (?!says).*",
    "no crit": r"crit .*",
    "keys of its own are not looked at": r"brings .*|good, an? (jku|x5u) is not followed",
    "a public key is no HMAC secret": r".* as HMAC secret .*|alg HS256 with the set's own secret",
    "kid names one key, and it fits": r"kid .*|key (?!of |on ).*|good by a key .*"
    r"|alg \w+ with an .* key|key on .*",
    "alg is on the list": r"alg .*|good without typ",
    "RSA of 2,048 bits or more": r"key of .* bits",
    "an EC key stands before the RSA key": r"good (rs256|es256)",
    "the signature": r"(es256 )?signature .*|expired and forged",
    "exp, iat and nbf are moments": r"(exp|iat|nbf) .*",
    "expiry": r"expired .*|expires .*|lives .*",
    "iat and nbf are not to come": r"issued .*|not before .*|good with an nbf",
    "iss": r"iss .*",
    "aud": r"aud .*|good with several audiences",
    "sub and the session": r"sub .*|session_id .*|good without session",
    "the organisation": r"organisation .*|app_metadata .*|a person of all organisations",
    "the role": r"role .*",
    "services": r"service .*",
    "what is only shown": r"good without (e-mail|a name)|good with a (name|lone).*",
}


def clause_of(case: Case) -> str | None:
    fitting = (clause for clause, words in CLAUSES.items() if re.fullmatch(words, case.name))
    return next(fitting, None)


def by_clause(cases: Iterable[Case]) -> dict[str, int]:
    counts = dict.fromkeys(CLAUSES, 0)
    for case in cases:
        counts[clause_of(case) or "no clause"] = counts.get(clause_of(case) or "no clause", 0) + 1
    return counts
