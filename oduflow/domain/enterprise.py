"""Know modules of Odoo Enterprise by their names: no image of Odoo Community has them.

The names are those that other modules depend on, of Odoo 14.0 to 19.0. They are compared whole,
because OCA's names begin alike (`account_asset_management`, `helpdesk_mgmt`). A name that is not
known is never proven to be another's: advice has to name both possibilities.
"""

import re

_ACCOUNTING = """
    account_3way_match account_accountant account_accountant_batch_payment account_asset
    account_auto_transfer account_avatax account_bank_statement_extract
    account_bank_statement_import account_bank_statement_import_camt
    account_bank_statement_import_csv account_bank_statement_import_ofx
    account_bank_statement_import_qif account_base_import account_batch_payment account_budget
    account_consolidation account_disallowed_expenses account_external_tax account_followup
    account_inter_company_rules account_intrastat account_invoice_extract account_iso20022
    account_loans account_online_synchronization account_predictive_bills account_reports
    account_saft account_sepa account_sepa_direct_debit account_taxcloud accountant
    currency_rate_live sale_external_tax sale_intrastat sale_purchase_inter_company_rules
    stock_accountant
"""
_PEOPLE = """
    appointment appointment_crm appointment_hr approvals approvals_purchase hr_appraisal
    hr_appraisal_skills hr_appraisal_survey hr_attendance_gantt hr_contract_reports
    hr_contract_salary hr_contract_salary_payroll hr_contract_sign hr_expense_extract hr_gantt
    hr_holidays_gantt hr_mobile hr_payroll hr_payroll_account hr_payroll_attendance
    hr_payroll_expense hr_payroll_fleet hr_payroll_holidays hr_payroll_planning
    hr_recruitment_extract hr_recruitment_reports hr_recruitment_sign hr_referral planning
    planning_holidays planning_hr_skills
"""
_SALES_AND_SERVICES = """
    crm_helpdesk event_social frontdesk helpdesk helpdesk_account helpdesk_fsm helpdesk_repair
    helpdesk_sale helpdesk_sale_timesheet helpdesk_stock helpdesk_timesheet industry_fsm
    industry_fsm_report industry_fsm_sale industry_fsm_stock marketing_automation
    marketing_automation_crm marketing_automation_sms partner_commission project_forecast
    project_helpdesk project_timesheet_forecast room sale_amazon sale_ebay sale_planning
    sale_renting sale_renting_sign sale_stock_renting sale_subscription sale_subscription_stock
    social social_crm social_facebook social_instagram social_linkedin social_push_notifications
    social_twitter social_youtube timer timesheet_grid voip voip_crm whatsapp whatsapp_sale
"""
_STOCK_AND_SHOPS = """
    delivery_bpost delivery_dhl delivery_easypost delivery_fedex delivery_iot delivery_sendcloud
    delivery_shiprocket delivery_starshipit delivery_ups delivery_usps iot mrp_accountant
    mrp_maintenance mrp_mps mrp_plm mrp_workorder mrp_workorder_plm pos_account_reports
    pos_blackbox_be pos_iot pos_order_tracking_display pos_preparation_display
    pos_restaurant_appointment pos_settle_due product_unspsc quality quality_control
    quality_control_worksheet quality_mrp quality_mrp_workorder stock_barcode stock_barcode_mrp
    stock_barcode_picking_batch stock_barcode_quality_control stock_intrastat
    website_appointment website_helpdesk website_sale_renting website_sale_subscription
"""
_TOOLS = """
    data_cleaning data_merge documents documents_account documents_fleet documents_hr
    documents_hr_payroll documents_product documents_project documents_sign
    documents_spreadsheet iap_extract knowledge mail_mobile sign spreadsheet_dashboard_edition
    spreadsheet_edition web_cohort web_dashboard web_gantt web_grid web_map web_mobile web_studio
    website_documents website_generator website_knowledge website_studio worksheet
"""
_NAMES = frozenset(
    f"{_ACCOUNTING} {_PEOPLE} {_SALES_AND_SERVICES} {_STOCK_AND_SHOPS} {_TOOLS}".split()
)
_FORMS = re.compile(r".+_enterprise|l10n_[a-z]{2}_(reports|hr_payroll|hr_payroll_account)")


def is_enterprise(module: str) -> bool:
    """Whether Odoo Enterprise has a module of this name."""
    return module in _NAMES or _FORMS.fullmatch(module) is not None
