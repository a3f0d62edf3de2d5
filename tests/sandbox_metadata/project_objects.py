"""Objects of the small project: one custom object, its fields, and what it adds to Order."""

from __future__ import annotations

from tests.sandbox_metadata.project_paths import (
    COMPACT,
    INSPECTION,
    INSPECTION_VIEW,
    MAIN,
    ORDER_FIELDS,
    ORDER_INSPECTION,
    ORDER_RULE,
    ORDER_VIEW,
    field_file,
    xml,
)

OBJECT_FILES: dict[str, str] = {
    INSPECTION: xml(
        "CustomObject",
        """
    <deploymentStatus>Deployed</deploymentStatus>
    <description>One look at the goods of an order.</description>
    <enableHistory>true</enableHistory>
    <label>Inspection</label>
    <nameField>
        <displayFormat>IN-{0000}</displayFormat>
        <label>Inspection Number</label>
        <type>AutoNumber</type>
    </nameField>
    <pluralLabel>Inspections</pluralLabel>
    <searchLayouts>
        <searchResultsAdditionalFields>Result__c</searchResultsAdditionalFields>
    </searchLayouts>
    <sharingModel>ReadWrite</sharingModel>
""",
    ),
    field_file("Order__c"): xml(
        "CustomField",
        """
    <fullName>Order__c</fullName>
    <deleteConstraint>Restrict</deleteConstraint>
    <description>The order that was inspected.</description>
    <inlineHelpText>The order that was inspected.</inlineHelpText>
    <label>Order</label>
    <referenceTo>Order</referenceTo>
    <relationshipLabel>Inspections</relationshipLabel>
    <relationshipName>Inspections</relationshipName>
    <required>true</required>
    <type>Lookup</type>
""",
    ),
    field_file("Inspector__c"): xml(
        "CustomField",
        """
    <fullName>Inspector__c</fullName>
    <deleteConstraint>SetNull</deleteConstraint>
    <description>Who inspected.</description>
    <inlineHelpText>Who inspected.</inlineHelpText>
    <label>Inspector</label>
    <lookupFilter>
        <active>true</active>
        <errorMessage>Choose an inspector.</errorMessage>
        <filterItems>
            <field>Account.RecordTypeId</field>
            <operation>equals</operation>
            <value>Field Inspector</value>
        </filterItems>
        <isOptional>false</isOptional>
    </lookupFilter>
    <referenceTo>Account</referenceTo>
    <relationshipName>Inspections</relationshipName>
    <type>Lookup</type>
""",
    ),
    field_file("Fee__c"): xml(
        "CustomField",
        """
    <fullName>Fee__c</fullName>
    <description>What the inspection costs.</description>
    <inlineHelpText>What the inspection costs.</inlineHelpText>
    <label>Fee</label>
    <precision>18</precision>
    <required>true</required>
    <scale>2</scale>
    <trackHistory>true</trackHistory>
    <type>Currency</type>
""",
    ),
    field_file("Fee_With_Tax__c"): xml(
        "CustomField",
        """
    <fullName>Fee_With_Tax__c</fullName>
    <description>The fee and the tax on it.</description>
    <formula>IF(ISPICKVAL(Result__c, &quot;Passed&quot;),
  Fee__c * 1.23,
  Fee__c)</formula>
    <formulaTreatBlanksAs>BlankAsZero</formulaTreatBlanksAs>
    <inlineHelpText>The fee and the tax on it.</inlineHelpText>
    <label>Fee With Tax</label>
    <precision>18</precision>
    <scale>2</scale>
    <type>Currency</type>
""",
    ),
    field_file("Notes__c"): xml(
        "CustomField",
        """
    <fullName>Notes__c</fullName>
    <description>What was found.</description>
    <inlineHelpText>What was found.</inlineHelpText>
    <label>Notes</label>
    <length>32768</length>
    <type>LongTextArea</type>
    <visibleLines>5</visibleLines>
""",
    ),
    field_file("Result__c"): xml(
        "CustomField",
        """
    <fullName>Result__c</fullName>
    <description>How it ended.</description>
    <inlineHelpText>How it ended.</inlineHelpText>
    <label>Result</label>
    <type>Picklist</type>
    <valueSet>
        <restricted>true</restricted>
        <valueSetDefinition>
            <sorted>false</sorted>
            <value>
                <fullName>Open</fullName>
                <default>true</default>
                <label>Open</label>
            </value>
            <value>
                <fullName>Passed</fullName>
                <default>false</default>
                <label>Passed</label>
            </value>
        </valueSetDefinition>
    </valueSet>
""",
    ),
    field_file("Severity__c"): xml(
        "CustomField",
        """
    <fullName>Severity__c</fullName>
    <description>How bad the worst finding is.</description>
    <inlineHelpText>How bad the worst finding is.</inlineHelpText>
    <label>Severity</label>
    <type>Picklist</type>
    <valueSet>
        <restricted>true</restricted>
        <valueSetName>Severity</valueSetName>
    </valueSet>
""",
    ),
    field_file("Urgent__c"): xml(
        "CustomField",
        """
    <fullName>Urgent__c</fullName>
    <defaultValue>false</defaultValue>
    <description>True when it cannot wait.</description>
    <inlineHelpText>Tick when it cannot wait.</inlineHelpText>
    <label>Urgent</label>
    <type>Checkbox</type>
""",
    ),
    field_file("Due_Date__c"): xml(
        "CustomField",
        """
    <fullName>Due_Date__c</fullName>
    <defaultValue>TODAY() + 7</defaultValue>
    <description>Last day to inspect.</description>
    <inlineHelpText>Last day to inspect.</inlineHelpText>
    <label>Due Date</label>
    <type>Date</type>
""",
    ),
    field_file("External_Id__c"): xml(
        "CustomField",
        """
    <fullName>External_Id__c</fullName>
    <caseSensitive>false</caseSensitive>
    <description>Key of the inspection in the backoffice.</description>
    <externalId>true</externalId>
    <inlineHelpText>Set by the backoffice.</inlineHelpText>
    <label>External ID</label>
    <length>64</length>
    <type>Text</type>
    <unique>true</unique>
""",
    ),
    ORDER_INSPECTION: xml(
        "CustomField",
        """
    <fullName>Inspection__c</fullName>
    <deleteConstraint>SetNull</deleteConstraint>
    <description>The inspection that counts.</description>
    <inlineHelpText>The inspection that counts.</inlineHelpText>
    <label>Inspection</label>
    <lookupFilter>
        <active>true</active>
        <errorMessage>The inspection must belong to this order.</errorMessage>
        <filterItems>
            <field>Inspection__c.Order__c</field>
            <operation>equals</operation>
            <valueField>$Source.Id</valueField>
        </filterItems>
        <filterItems>
            <field>Inspection__c.Result__c</field>
            <operation>equals</operation>
            <value>Open, Passed</value>
        </filterItems>
        <isOptional>false</isOptional>
    </lookupFilter>
    <referenceTo>Inspection__c</referenceTo>
    <relationshipName>Orders</relationshipName>
    <trackHistory>true</trackHistory>
    <type>Lookup</type>
""",
    ),
    f"{ORDER_FIELDS}/Status.field-meta.xml": xml(
        "CustomField",
        """
    <fullName>Status</fullName>
    <trackHistory>true</trackHistory>
    <type>Picklist</type>
""",
    ),
    f"{MAIN}/objects/Order/Order.object-meta.xml": xml(
        "CustomObject",
        """
    <compactLayoutAssignment>SYSTEM</compactLayoutAssignment>
    <enableHistory>true</enableHistory>
""",
    ),
    ORDER_RULE: xml(
        "ValidationRule",
        """
    <fullName>Checked_Needs_Inspection</fullName>
    <active>true</active>
    <description>A checked order was inspected.</description>
    <errorConditionFormula>AND(
  NOT($Permission.Skip_Checks),
  ISCHANGED(Status),
  ISPICKVAL(Status, &quot;CHECKED&quot;),
  NOT(ISPICKVAL(Inspection__r.Result__c, &quot;Passed&quot;))
)</errorConditionFormula>
    <errorDisplayField>Inspection__c</errorDisplayField>
    <errorMessage>Have the order inspected first.</errorMessage>
""",
    ),
    ORDER_VIEW: xml(
        "ListView",
        """
    <fullName>Checked</fullName>
    <columns>ORDERS.ORDER_NUMBER</columns>
    <columns>SALES.ACCOUNT.NAME</columns>
    <columns>Inspection__c</columns>
    <filterScope>Everything</filterScope>
    <filters>
        <field>ORDERS.STATUS</field>
        <operation>equals</operation>
        <value>CHECKED</value>
    </filters>
    <label>Checked</label>
""",
    ),
    INSPECTION_VIEW: xml(
        "ListView",
        """
    <fullName>All</fullName>
    <columns>NAME</columns>
    <columns>Order__c</columns>
    <columns>CREATED_DATE</columns>
    <filterScope>Everything</filterScope>
    <label>All</label>
""",
    ),
    COMPACT: xml(
        "CompactLayout",
        """
    <fullName>Highlights</fullName>
    <fields>Name</fields>
    <fields>Result__c</fields>
    <label>Highlights</label>
""",
    ),
}
