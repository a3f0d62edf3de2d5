"""EntityDefinition and FieldDefinition: the schema as rows that SOQL can ask for.

Owns which facts of an sObject and a field become columns. The rows are made anew for each query, in
a database of their own, so they are never stale. Source: Tooling API guide, EntityDefinition and
FieldDefinition.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sandbox.org.access import Access
from sandbox.org.actor import Actor
from sandbox.org.ddl import prepare_tables
from sandbox.org.org import Org
from sandbox.org.schema import Field, FieldType, Schema, SObject
from sandbox.org.tables import Record, Table
from sandbox.soql import QueryEnv, QueryResult, execute, parse

_ENTITY, _FIELD = "EntityDefinition", "FieldDefinition"
#: The objects by their name in lower case.
TYPES = {name.lower(): name for name in (_ENTITY, _FIELD)}


def query_definitions(org: Org, actor: Actor, soql: str) -> QueryResult:
    """The result of a query over what this user sees of the org's schema. Raises OrgError."""
    described = definition_schema()
    env = QueryEnv(
        now=org.clock.now(),
        time_zone=actor.time_zone,
        include_deleted=False,
        formula=lambda _sobject, _field, ids: [None] * len(ids),
    )
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        prepare_tables(connection, described)
        for sobject in org.schema.objects.values():
            if actor.access.can_see(sobject):
                _add_rows(connection, described, sobject, actor.access)
        return execute(connection, described, parse(soql), env)


def _add_rows(
    connection: sqlite3.Connection, described: Schema, sobject: SObject, access: Access
) -> None:
    entities = Table(connection, described.objects[_ENTITY])
    fields = Table(connection, described.objects[_FIELD])
    entities.insert([_entity(sobject)])
    shown = [field for field in sobject.fields.values() if access.can_read(sobject, field)]
    fields.insert([_field(sobject, field) for field in shown])


def _entity(sobject: SObject) -> Record:
    return {
        "Id": sobject.name,
        "DurableId": sobject.name,
        "QualifiedApiName": sobject.name,
        "DeveloperName": sobject.name.removesuffix("__c"),
        "NamespacePrefix": None,
        "Label": sobject.label,
        "MasterLabel": sobject.label,
        "PluralLabel": sobject.plural_label,
        "KeyPrefix": sobject.key_prefix or None,
        "IsCustomizable": sobject.history_of is None,
        "IsCustomSetting": False,
        "IsQueryable": sobject.queryable,
    }


def _field(sobject: SObject, field: Field) -> Record:
    return {
        "Id": f"{sobject.name}.{field.name}",
        "DurableId": f"{sobject.name}.{field.name}",
        "EntityDefinitionId": sobject.name,
        "QualifiedApiName": field.name,
        "DeveloperName": field.name.removesuffix("__c"),
        "NamespacePrefix": None,
        "Label": field.label,
        "MasterLabel": field.label,
        "DataType": str(field.type),
        "Description": field.description or None,
        "RelationshipName": field.relationship_name,
        "IsCalculated": field.is_formula,
        "IsNillable": not field.required,
        "IsIndexed": field.external_id or field.unique or field.is_reference,
    }


def definition_schema() -> Schema:
    """The objects that describe a schema, as a schema of their own."""
    samples = {
        _ENTITY: _entity(SObject("", "", "", "")),
        _FIELD: _field(SObject("", "", "", ""), Field("", FieldType.TEXT)),
    }
    schema = Schema()
    for name, sample in samples.items():
        sobject = SObject(name, name, name, "", name_field="QualifiedApiName")
        for field, value in sample.items():
            kind = FieldType.CHECKBOX if isinstance(value, bool) else FieldType.TEXT
            sobject.add_field(Field(field, FieldType.ID if field == "Id" else kind, field))
        schema.objects[name] = sobject
    link = Field(
        "EntityDefinitionId",
        FieldType.LOOKUP,
        "Entity Definition",
        reference_to=(_ENTITY,),
        relationship_name=_ENTITY,
        child_relationship_name="Fields",
    )
    schema.objects[_FIELD].add_field(link)
    return schema
