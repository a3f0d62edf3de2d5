"""Amounts of money: integer minor units with their ISO 4217 currency.

It owns the rule that no cent appears, vanishes or changes currency by accident: arithmetic stays
inside one currency, fractions of a minor unit are refused unless rounding is asked for by name,
and floats never enter. Anything unrounded (a converted or compared amount) is a Decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

#: Currencies whose minor unit is not a hundredth. Source: ISO 4217, list one, 2025.
_ODD_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_HUNDREDTHS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL
MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK
PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
#: Currency code to the number of decimals of its minor unit.
EXPONENTS: dict[str, int] = dict.fromkeys(_HUNDREDTHS.split(), 2) | {
    code: exponent for exponent, codes in _ODD_EXPONENTS.items() for code in codes.split()
}
#: Wide enough that no product or quotient of real amounts and rates loses a digit that matters.
_WIDE = Context(prec=100)
#: Above this power of ten an amount is a typing or parsing accident, not money.
_LARGEST_POWER = 30


class MoneyError(ValueError):
    """The amount or currency cannot be money; whoever supplied it must correct it."""


class CurrencyUnknown(MoneyError):
    """The currency code is not in ISO 4217."""


class CurrencyMismatch(MoneyError):
    """Two amounts of different currencies met without a rate."""


class MinorUnitFraction(MoneyError):
    """The amount has more decimals than its currency has."""


def exponent_of(currency: str) -> int:
    """How many decimals a currency has. Raises CurrencyUnknown."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise CurrencyUnknown(
            f"Currency {currency!r} is not an ISO 4217 code; correct it, for example to EUR."
        ) from None


def is_currency(code: str) -> bool:
    """Whether the code names a currency we can count in."""
    return code in EXPONENTS


@dataclass(frozen=True)
class Money:
    """An exact amount: `minor` whole minor units (cents, yen, fils) of `currency`."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        exponent_of(self.currency)
        if type(self.minor) is not int:
            raise MoneyError(
                f"Minor units are {self.minor!r}, a whole number is needed; use Money.from_decimal."
            )

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str, *, rounding: str | None = None) -> Money:
        """An amount as people and Salesforce write it, in major units.

        Raises MinorUnitFraction when the currency cannot express it (0.5 JPY) and no `rounding`
        (a `decimal.ROUND_…` name) is given; the caller corrects the amount, or chooses a rounding.
        """
        if not isinstance(amount, Decimal):
            raise MoneyError(f"Amount {amount!r} is not a Decimal; build it from text, not float.")
        if not amount.is_finite() or amount.adjusted() > _LARGEST_POWER:
            raise MoneyError(f"Amount {amount} {currency} is not an amount of money; correct it.")
        exponent = exponent_of(currency)
        if rounding is not None:
            amount = amount.quantize(Decimal((0, (1,), -exponent)), rounding, _WIDE)
        minor = Fraction(amount) * 10**exponent
        if minor.denominator != 1:
            raise MinorUnitFraction(
                f"Amount {amount} {currency} has more than {exponent} decimals; "
                "correct it or round it on purpose."
            )
        return cls(int(minor), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency."""
        return cls(0, currency)

    def to_decimal(self) -> Decimal:
        """The amount in major units with the currency's own number of decimals."""
        # From text, because a number moved by a context would be rounded to its 28 digits.
        return Decimal(f"{self.minor}E-{exponent_of(self.currency)}")

    def convert(self, rate: Decimal) -> Decimal:
        """The amount in another currency, unrounded. `rate`: units of that currency per one."""
        return _WIDE.multiply(self.to_decimal(), rate)

    def ratio(self, whole: Money) -> Decimal:
        """Which part of `whole` this is, unrounded (0.12 = 12 %). Raises when `whole` is zero."""
        self._require_same(whole)
        if whole.minor == 0:
            raise MoneyError(f"No part of {whole} can be told; compare with an amount above zero.")
        return _WIDE.divide(Decimal(self.minor), Decimal(whole.minor))

    def allocate(self, weights: Sequence[int | Decimal]) -> tuple[Money, ...]:
        """Shares in proportion to `weights` that add up to this amount, to the last cent.

        Leftover minor units go to the largest remainders, the earlier share first, so the same
        input always gives the same shares.
        """
        parts = [Fraction(weight) for weight in weights]
        whole = sum(parts, Fraction(0))
        if whole <= 0 or min(parts) < 0:
            raise MoneyError(
                f"Weights {list(weights)} cannot share {self}; "
                "none may be negative and one must be positive."
            )
        exact = [self.minor * part / whole for part in parts]
        shares = [share.numerator // share.denominator for share in exact]
        neediest = sorted(range(len(parts)), key=lambda i: (shares[i] - exact[i], i))
        for i in neediest[: self.minor - sum(shares)]:
            shares[i] += 1
        return tuple(Money(share, self.currency) for share in shares)

    def __add__(self, other: Money) -> Money:
        self._require_same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._require_same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._require_same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        return not other < self

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return not self < other

    def __str__(self) -> str:
        return f"{group_digits(self.to_decimal())} {self.currency}"

    def _require_same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(
                f"{self} and {other} are in different currencies; convert one with a rate first."
            )


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts that are all in `currency`; zero when there are none."""
    return sum(amounts, Money.zero(currency))


def round_to_minor(amount: Decimal, currency: str) -> Money:
    """An unrounded amount as money, half to even: the house's rounding for shown figures."""
    return Money.from_decimal(amount, currency, rounding=ROUND_HALF_EVEN)


def group_digits(amount: Decimal) -> str:
    """A number as our notices and explanations show it: `1 000.10`, a space per thousand."""
    return f"{amount:,f}".replace(",", " ")
