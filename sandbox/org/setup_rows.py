"""The rows that an org has before anybody enters data.

Owns the organisation itself, its users, profiles, permission sets, record types, order statuses
and exchange rates. Rows that mirror metadata follow it on every start; users and rates are only
created, so that an edit made through the API survives a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sandbox.org.core import Core
from sandbox.org.ids import make_id
from sandbox.org.profiles import ADMINISTRATOR as ADMIN_PROFILE
from sandbox.org.profiles import API_ONLY, STANDARD_USER
from sandbox.org.saving import stamp
from sandbox.org.tables import Record

#: The Id of the one Organization row; the same in every local org, so that tokens stay readable.
ORG_ID = make_id("00D", 1)
ADMINISTRATOR = "admin@manufaktura.example"
LOADER = "loader@manufaktura.example"
_TIME_ZONE = "Europe/Warsaw"
#: Units of each currency for 1 EUR, of a plausible day, and the decimals people write.
_RATES = {
    "EUR": ("1", 2),
    "USD": ("1.16", 2),
    "PLN": ("4.25", 2),
    "GBP": ("0.87", 2),
    "CHF": ("0.93", 2),
    "CZK": ("24.5", 2),
    "JPY": ("178", 0),
}


@dataclass(frozen=True)
class StartUser:
    """A user of the fresh org. Permission sets that the metadata lacks are left out."""

    username: str
    first_name: str
    alias: str
    profile: str
    permission_sets: tuple[str, ...] = ()


USERS = (
    StartUser(ADMINISTRATOR, "Admin", "admin", ADMIN_PROFILE),
    StartUser(
        "integration@manufaktura.example",
        "Integration",
        "integ",
        API_ONLY,
        ("Manufaktura_Integration",),
    ),
    StartUser(
        "ops@manufaktura.example", "Operations", "ops", STANDARD_USER, ("Manufaktura_Operations",)
    ),
    StartUser(LOADER, "Loader", "loader", ADMIN_PROFILE, ("Data_Load_Admin",)),
)


def prepare_rows(core: Core) -> None:
    """Create the missing rows and bring the mirrored ones up to date. Idempotent."""
    with core.store.transaction():
        setup = _Setup(core)
        setup.add_organization()
        setup.add_users()
        setup.mirror_metadata()
        setup.add_currencies()
        setup.add_standard_price_book()
        core.users.forget()


class _Setup:
    """Writes setup rows in the name of the administrator, who is the first user."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._now = core.moment()
        known = core.users.find(ADMINISTRATOR)
        self._admin_id = known or core.store.new_id(core.schema.objects["User"])

    def add_organization(self) -> None:
        values: Record = {
            "Name": "Manufaktura",
            "OrganizationType": "Developer Edition",
            "InstanceName": "LOCAL",
            "IsSandbox": True,
            "TimeZoneSidKey": _TIME_ZONE,
            "DefaultLocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
        }
        if self._core.store.row(ORG_ID) is None:
            self._insert("Organization", ORG_ID, values)

    def add_users(self) -> None:
        for name in (ADMIN_PROFILE, STANDARD_USER, API_ONLY):
            self._ensure("Profile", {"Name": name}, {"UserType": "Standard"})
        for permission_set in self._core.schema.permission_sets.values():
            values: Record = {"Label": permission_set.label, "IsCustom": True, "Type": "Regular"}
            self._mirror("PermissionSet", {"Name": permission_set.name}, values)
        for user in USERS:
            if self._core.users.find(user.username) is None:
                self._add_user(user)

    def _add_user(self, user: StartUser) -> None:
        profile = self._find("Profile", {"Name": user.profile})
        values: Record = {
            "Username": user.username,
            "FirstName": user.first_name,
            "LastName": "Manufaktura",
            "Email": user.username,
            "Alias": user.alias,
            "CommunityNickname": user.alias,
            "IsActive": True,
            "ProfileId": profile["Id"] if profile else None,
            "UserType": "Standard",
            "TimeZoneSidKey": _TIME_ZONE,
            "LocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "DefaultCurrencyIsoCode": self._core.schema.corporate_currency,
        }
        is_admin = user.username == ADMINISTRATOR
        user_id = self._insert("User", self._admin_id if is_admin else None, values)
        for name in user.permission_sets:
            permission_set = self._find("PermissionSet", {"Name": name})
            if permission_set is not None:
                link = {"PermissionSetId": permission_set["Id"], "AssigneeId": user_id}
                self._ensure("PermissionSetAssignment", link, {"IsActive": True})

    def mirror_metadata(self) -> None:
        for sobject in self._core.schema.objects.values():
            for record_type in sobject.record_types.values():
                key: Record = {
                    "SobjectType": sobject.name,
                    "DeveloperName": record_type.developer_name,
                }
                self._mirror(
                    "RecordType",
                    key,
                    {
                        "Name": record_type.label,
                        "IsActive": record_type.active,
                        "Description": record_type.description or None,
                    },
                )
        self._retire_record_types()
        self._mirror_statuses()

    def _retire_record_types(self) -> None:
        for row in self._core.store.tables["RecordType"].all():
            sobject = self._core.schema.objects.get(str(row["SobjectType"]))
            if sobject is None or row["DeveloperName"] not in sobject.record_types:
                self._core.store.tables["RecordType"].update(str(row["Id"]), {"IsActive": False})

    def _mirror_statuses(self) -> None:
        order = self._core.schema.objects.get("Order")
        status = order.field("Status") if order else None
        for place, value in enumerate(status.values if status else (), start=1):
            values: Record = {
                "MasterLabel": value.label,
                "SortOrder": Decimal(place),
                "IsDefault": value.is_default,
                "StatusCode": value.category or "Draft",
            }
            self._mirror("OrderStatus", {"ApiName": value.value}, values)

    def add_currencies(self) -> None:
        corporate = self._core.schema.corporate_currency
        base = Decimal(_RATES[corporate][0])
        for code, (rate, decimals) in _RATES.items():
            values: Record = {
                "ConversionRate": Decimal(rate) / base,
                "DecimalPlaces": Decimal(decimals),
                "IsActive": True,
                "IsCorporate": code == corporate,
            }
            self._ensure("CurrencyType", {"IsoCode": code}, values)

    def add_standard_price_book(self) -> None:
        values: Record = {"Name": "Standard Price Book", "IsActive": True}
        self._ensure("Pricebook2", {"IsStandard": True}, values)

    def _find(self, sobject: str, key: Record) -> Record | None:
        first, value = next(iter(key.items()))
        rows = self._core.store.tables[sobject].find(first, value)
        return next((row for row in rows if key.items() <= row.items()), None)

    def _ensure(self, sobject: str, key: Record, values: Record) -> None:
        if self._find(sobject, key) is None:
            self._insert(sobject, None, key | values)

    def _mirror(self, sobject: str, key: Record, values: Record) -> None:
        row = self._find(sobject, key)
        if row is None:
            self._insert(sobject, None, key | values)
        elif not values.items() <= row.items():
            self._core.store.tables[sobject].update(str(row["Id"]), values)

    def _insert(self, name: str, record_id: str | None, values: Record) -> str:
        sobject = self._core.schema.objects[name]
        table = self._core.store.table(sobject)
        record = table.blank()
        record |= {key: value for key, value in values.items() if key in record}
        record["Id"] = record_id or self._core.store.new_id(sobject)
        stamp(record, self._admin_id, self._now, is_new=True)
        table.insert([record])
        return str(record["Id"])
