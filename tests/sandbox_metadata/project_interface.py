"""What surrounds the objects of the small project: values, permissions, pages, automation."""

from __future__ import annotations

from tests.sandbox_metadata.project_paths import (
    APP,
    CURRENCY,
    FLOW,
    INSPECTION_LAYOUT,
    MAIN,
    MANIFEST,
    ORDER_LAYOUT,
    ORDER_STATUS,
    PERMISSIONS,
    PROFILE,
    RECORD_TYPE,
    REPORT_TYPE,
    SEVERITY,
    SKIP,
    TAB,
    WORKFLOW,
    xml,
)

INTERFACE_FILES: dict[str, str] = {
    RECORD_TYPE: xml(
        "RecordType",
        """
    <fullName>Inspector</fullName>
    <active>true</active>
    <label>Field Inspector</label>
    <picklistValues>
        <picklist>Rating</picklist>
        <values>
            <fullName>Hot</fullName>
            <default>false</default>
        </values>
    </picklistValues>
""",
    ),
    ORDER_STATUS: xml(
        "StandardValueSet",
        """
    <groupingStringEnum>OrderStatusCode</groupingStringEnum>
    <sorted>false</sorted>
    <standardValue>
        <fullName>Draft</fullName>
        <default>true</default>
        <label>Draft</label>
        <groupingString>Draft</groupingString>
    </standardValue>
    <standardValue>
        <fullName>CHECKED</fullName>
        <default>false</default>
        <label>CHECKED</label>
        <groupingString>Draft</groupingString>
    </standardValue>
    <standardValue>
        <fullName>Activated</fullName>
        <default>false</default>
        <label>Activated</label>
        <groupingString>Activated</groupingString>
    </standardValue>
""",
    ),
    SEVERITY: xml(
        "GlobalValueSet",
        """
    <customValue>
        <fullName>Minor</fullName>
        <default>false</default>
        <label>Minor</label>
    </customValue>
    <customValue>
        <fullName>Major</fullName>
        <default>false</default>
        <label>Major</label>
    </customValue>
    <masterLabel>Severity</masterLabel>
    <sorted>false</sorted>
""",
    ),
    SKIP: xml(
        "CustomPermission",
        """
    <isLicensed>false</isLicensed>
    <label>Skip Checks</label>
""",
    ),
    PERMISSIONS: xml(
        "PermissionSet",
        """
    <applicationVisibilities>
        <application>Checks</application>
        <visible>true</visible>
    </applicationVisibilities>
    <customPermissions>
        <enabled>true</enabled>
        <name>Skip_Checks</name>
    </customPermissions>
"""
        + "".join(
            f"""    <fieldPermissions>
        <editable>{editable}</editable>
        <field>{name}</field>
        <readable>true</readable>
    </fieldPermissions>
"""
            for name, editable in (
                ("Inspection__c.Due_Date__c", "true"),
                ("Inspection__c.External_Id__c", "true"),
                ("Inspection__c.Fee_With_Tax__c", "false"),
                ("Inspection__c.Inspector__c", "true"),
                ("Inspection__c.Notes__c", "true"),
                ("Inspection__c.Result__c", "true"),
                ("Inspection__c.Severity__c", "true"),
                ("Inspection__c.Urgent__c", "true"),
                ("Order.BillingAddress", "true"),
                ("Order.Inspection__c", "true"),
            )
        )
        + """    <label>Inspectors</label>
"""
        + "".join(
            f"""    <objectPermissions>
        <allowCreate>false</allowCreate>
        <allowDelete>false</allowDelete>
        <allowEdit>{edit}</allowEdit>
        <allowRead>true</allowRead>
        <modifyAllRecords>false</modifyAllRecords>
        <object>{name}</object>
        <viewAllRecords>false</viewAllRecords>
    </objectPermissions>
"""
            for name, edit in (("Account", "false"), ("Inspection__c", "true"), ("Order", "true"))
        )
        + """    <recordTypeVisibilities>
        <recordType>Account.Inspector</recordType>
        <visible>true</visible>
    </recordTypeVisibilities>
    <tabSettings>
        <tab>Inspection__c</tab>
        <visibility>Visible</visibility>
    </tabSettings>
""",
    ),
    ORDER_LAYOUT: xml(
        "Layout",
        """
    <layoutSections>
        <layoutColumns>
"""
        + "".join(
            f"""            <layoutItems>
                <behavior>{behavior}</behavior>
                <field>{name}</field>
            </layoutItems>
"""
            for name, behavior in (
                ("OrderNumber", "Readonly"),
                ("AccountId", "Required"),
                ("EffectiveDate", "Required"),
                ("Status", "Required"),
                ("CurrencyIsoCode", "Required"),
                ("Inspection__c", "Edit"),
                ("BillingAddress", "Edit"),
            )
        )
        + """        </layoutColumns>
        <style>OneColumn</style>
    </layoutSections>
    <relatedLists>
        <fields>NAME</fields>
        <fields>Result__c</fields>
        <relatedList>Inspection__c.Order__c</relatedList>
        <sortField>Result__c</sortField>
        <sortOrder>Asc</sortOrder>
    </relatedLists>
    <relatedLists>
        <relatedList>RelatedEntityHistoryList</relatedList>
    </relatedLists>
""",
    ),
    INSPECTION_LAYOUT: xml(
        "Layout",
        """
    <layoutSections>
        <layoutColumns>
"""
        + "".join(
            f"""            <layoutItems>
                <behavior>{behavior}</behavior>
                <field>{name}</field>
            </layoutItems>
"""
            for name, behavior in (
                ("Name", "Readonly"),
                ("Order__c", "Required"),
                ("Fee__c", "Required"),
                ("CurrencyIsoCode", "Required"),
                ("Fee_With_Tax__c", "Readonly"),
                ("Inspector__c", "Edit"),
                ("Result__c", "Edit"),
                ("Severity__c", "Edit"),
                ("Urgent__c", "Edit"),
                ("Due_Date__c", "Edit"),
                ("Notes__c", "Edit"),
                ("External_Id__c", "Readonly"),
            )
        )
        + """        </layoutColumns>
        <style>OneColumn</style>
    </layoutSections>
""",
    ),
    TAB: xml(
        "CustomTab",
        """
    <customObject>true</customObject>
    <motif>Custom20: Airplane</motif>
""",
    ),
    APP: xml(
        "CustomApplication",
        """
    <label>Checks</label>
    <tabs>standard-Order</tabs>
    <tabs>Inspection__c</tabs>
""",
    ),
    CURRENCY: xml(
        "CurrencySettings",
        """
    <enableMultiCurrency>true</enableMultiCurrency>
""",
    ),
    f"{MAIN}/settings/Order.settings-meta.xml": xml(
        "OrderSettings",
        """
    <enableOrders>true</enableOrders>
""",
    ),
    WORKFLOW: xml(
        "Workflow",
        """
    <outboundMessages>
        <fullName>Order_Changed</fullName>
        <apiVersion>62.0</apiVersion>
        <endpointUrl>https://backoffice.example.com/outbound</endpointUrl>
        <fields>Id</fields>
        <fields>Inspection__c</fields>
        <includeSessionId>false</includeSessionId>
        <integrationUser>integration@example.com</integrationUser>
        <name>Order Changed</name>
        <protected>false</protected>
        <useDeadLetterQueue>false</useDeadLetterQueue>
    </outboundMessages>
    <rules>
        <fullName>Order checked</fullName>
        <actions>
            <name>Order_Changed</name>
            <type>OutboundMessage</type>
        </actions>
        <active>true</active>
        <formula>ISCHANGED(Inspection__c)</formula>
        <triggerType>onAllChanges</triggerType>
    </rules>
    <rules>
        <fullName>Order dated</fullName>
        <actions>
            <name>Order_Changed</name>
            <type>OutboundMessage</type>
        </actions>
        <active>true</active>
        <booleanFilter>1 OR 2</booleanFilter>
        <criteriaItems>
            <field>Order.Status</field>
            <operation>equals</operation>
            <value>Checked</value>
        </criteriaItems>
        <criteriaItems>
            <field>Order.EffectiveDate</field>
            <operation>greaterThan</operation>
            <value>2030-01-31</value>
        </criteriaItems>
        <triggerType>onCreateOrTriggeringUpdate</triggerType>
    </rules>
""",
    ),
    FLOW: xml(
        "Flow",
        """
    <actionCalls>
        <name>Send</name>
        <label>Send</label>
        <locationX>0</locationX>
        <locationY>0</locationY>
        <actionName>Order.Order_Changed</actionName>
        <actionType>outboundMessage</actionType>
        <flowTransactionModel>CurrentTransaction</flowTransactionModel>
    </actionCalls>
    <apiVersion>62.0</apiVersion>
    <label>Order Checked</label>
    <processType>AutoLaunchedFlow</processType>
    <start>
        <locationX>0</locationX>
        <locationY>0</locationY>
        <connector>
            <targetReference>Send</targetReference>
        </connector>
        <filterLogic>and</filterLogic>
        <filters>
            <field>Status</field>
            <operator>IsChanged</operator>
            <value>
                <booleanValue>true</booleanValue>
            </value>
        </filters>
        <object>Order</object>
        <recordTriggerType>Update</recordTriggerType>
        <triggerType>RecordAfterSave</triggerType>
    </start>
    <status>Active</status>
""",
    ),
    PROFILE: xml(
        "Profile",
        """
    <layoutAssignments>
        <layout>Order-Order Layout</layout>
    </layoutAssignments>
    <layoutAssignments>
        <layout>Inspection__c-Inspection Layout</layout>
    </layoutAssignments>
    <userLicense>Salesforce</userLicense>
""",
    ),
    REPORT_TYPE: xml(
        "ReportType",
        """
    <baseObject>Inspection__c</baseObject>
    <category>other</category>
    <deployed>true</deployed>
    <label>Inspections</label>
    <sections>
        <columns>
            <checkedByDefault>true</checkedByDefault>
            <field>Result__c</field>
            <table>Inspection__c</table>
        </columns>
        <masterLabel>Inspections</masterLabel>
    </sections>
""",
    ),
    MANIFEST: xml(
        "Package",
        "".join(
            "    <types>\n"
            + "".join(f"        <members>{member}</members>\n" for member in members)
            + f"        <name>{name}</name>\n    </types>\n"
            for name, members in {
                "CustomApplication": ["Checks"],
                "CustomObject": ["Inspection__c", "Order"],
                "CustomPermission": ["Skip_Checks"],
                "CustomTab": ["Inspection__c"],
                "Flow": ["*"],
                "GlobalValueSet": ["Severity"],
                "Layout": ["Inspection__c-Inspection Layout", "Order-Order Layout"],
                "PermissionSet": ["Inspectors"],
                "Profile": ["Admin"],
                "RecordType": ["Account.Inspector"],
                "ReportType": ["Inspections"],
                "Settings": ["Currency", "Order"],
                "StandardValueSet": ["OrderStatus"],
                "Workflow": ["Order"],
            }.items()
        )
        + "    <version>62.0</version>\n",
    ),
}
