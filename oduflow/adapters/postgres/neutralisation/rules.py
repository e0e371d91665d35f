"""The product's own rules, for every supported version of Odoo.

They run after Odoo's own `neutralize` (16 and later) as well: it leaves queued mail, API keys and
the credentials of modules whose code the image does not have. Where both say the same, a rule
finds nothing to change.
"""

from typing import LiteralString

from oduflow.adapters.postgres.neutralisation.rule import NULL, Rule

DUMMY = "neutralization - disable emails"  # the name that Odoo gives its own
_DEAD: LiteralString = "'invalid'"  # a host name that never resolves (RFC 6761)
_SECRETS = (
    r".*(secret|password|passwd|token|api_?key|access_?key|private_?key|pkey|pwd|certificate).*"
)
_DUMMY_ID: LiteralString = (
    "(SELECT min(id) FROM public.ir_mail_server"
    " WHERE name = 'neutralization - disable emails' AND smtp_host = 'invalid')"
)
_AUTOVACUUM: LiteralString = (
    "(SELECT min(res_id) FROM public.ir_model_data"
    " WHERE model = 'ir.cron' AND module = 'base' AND name = 'autovacuum_job')"
)

_ADMINISTRATOR: LiteralString = (
    "(SELECT min(res_id) FROM public.ir_model_data WHERE module = 'base'"
    " AND name = 'user_admin' AND model = 'res.users')"
)

ADMINISTRATORS_PASSKEYS = Rule(  # from 18.0 on; a passkey belongs to the user who created it
    "passkeys of the administrator",
    "auth_passkey_key",
    where=f"create_uid = {_ADMINISTRATOR}",
    needs=("create_uid",),
)

WAYS_IN: tuple[Rule, ...] = (
    Rule("API keys", "res_users_apikeys"),
    Rule("trusted devices", "auth_totp_device"),
    Rule("OAuth tokens of users", "res_users", {"oauth_access_token": NULL}),
    Rule(
        "links of password resets", "res_partner", {"signup_token": NULL, "signup_expiration": NULL}
    ),
    Rule(
        "second factor of the administrator",
        "res_users",
        {"totp_secret": NULL},
        where=f"id = {_ADMINISTRATOR}",
    ),
    ADMINISTRATORS_PASSKEYS,
)

RULES: tuple[Rule, ...] = (
    # Mail.
    Rule(
        "one dummy mail server",
        "ir_mail_server",
        where=f"name = 'neutralization - disable emails' AND id <> {_DUMMY_ID}",
        needs=("name", "smtp_host"),
    ),
    Rule(
        "mail servers",
        "ir_mail_server",
        {
            "active": "false",
            "smtp_host": _DEAD,
            "smtp_user": NULL,
            "smtp_pass": NULL,
            "smtp_ssl_certificate": NULL,
            "smtp_ssl_private_key": NULL,
        },
        where=f"id IS DISTINCT FROM {_DUMMY_ID}",
        like={_SECRETS: NULL},
    ),
    Rule(
        "active dummy mail server", "ir_mail_server", {"active": "true"}, where=f"id = {_DUMMY_ID}"
    ),
    Rule(
        "incoming mail servers",
        "fetchmail_server",
        {"active": "false", "state": "'draft'", "server": _DEAD, "user": NULL, "password": NULL},
        like={_SECRETS: NULL},
    ),
    Rule("mail servers of mail templates", "mail_template", {"mail_server_id": NULL}),
    Rule("queued mail", "mail_mail", {"state": "'cancel'"}, where="state = 'outgoing'"),
    Rule("scheduled messages", "mail_scheduled_message"),
    Rule("scheduled notifications", "mail_message_schedule"),
    Rule("queued push messages", "mail_push"),
    Rule("queued push messages (16.0, 17.0)", "mail_notification_web_push"),
    Rule("devices for push messages", "mail_push_device"),
    Rule("devices for push messages (16.0, 17.0)", "mail_partner_device"),
    Rule(
        "mailings",
        "mailing_mailing",
        {"state": "'draft'", "schedule_date": NULL},
        where="state IN ('in_queue', 'sending')",
        needs=("state",),
    ),
    Rule("mail servers of mailings", "mailing_mailing", {"mail_server_id": NULL}),
    Rule(
        "queued SMS",
        "sms_sms",
        {"state": "'canceled'"},
        where="state IN ('outgoing', 'process')",
        needs=("state",),
    ),
    Rule(
        "queued letters",
        "snailmail_letter",
        {"state": "'canceled'"},
        where="state = 'pending'",
        needs=("state",),
    ),
    # What runs by itself.
    Rule(
        "scheduled actions",
        "ir_cron",
        {"active": "false"},
        where=f"id IS DISTINCT FROM {_AUTOVACUUM}",
    ),
    Rule(
        "queued jobs (queue_job)",
        "queue_job",
        {"state": "'cancelled'"},
        where="state IN ('wait_dependencies', 'pending', 'enqueued', 'started')",
        needs=("state",),
    ),
    Rule(
        "webhooks",
        "ir_act_server",
        {"webhook_url": "'neutralization - disable webhook'"},
        where="state = 'webhook'",
        needs=("state", "webhook_url"),
    ),
    Rule(
        "marketing campaigns",
        "marketing_campaign",
        {"state": "'stopped'"},
        where="state = 'running'",
        needs=("state",),
    ),
    # Money and goods.
    *(
        rule
        for table in ("payment_provider", "payment_acquirer")
        for rule in (
            Rule(
                "payment providers",
                table,
                {"state": "'disabled'"},
                where="state NOT IN ('test', 'disabled')",
                needs=("state",),
            ),
            Rule("credentials of payment providers", table, like={_SECRETS: NULL}),
        )
    ),
    Rule("delivery carriers in production", "delivery_carrier", {"prod_environment": "false"}),
    Rule(
        "delivery carriers of other companies",
        "delivery_carrier",
        {"active": "false"},
        where="delivery_type NOT IN ('fixed', 'base_on_rule')",
        needs=("delivery_type",),
    ),
    Rule("credentials of delivery carriers", "delivery_carrier", like={_SECRETS: NULL}),
    Rule(
        "payment terminals",
        "pos_payment_method",
        {"adyen_test_mode": "true", "glory_websocket_address": "'0.0.0.0'"},
        like={_SECRETS: NULL, r".*_test_mode": "true"},
    ),
    Rule(
        "bank connections",
        "account_online_link",
        {"client_id": "'duplicate'"},
        like={_SECRETS: NULL},
    ),
    Rule("marketplaces", "amazon_account", {"active": "false"}, like={_SECRETS: NULL}),
    Rule(
        "test mode of e-invoices",
        "res_company",
        like={
            r"l10n_.*_(test_env|test_mode|test_environment)": "true",
            r"l10n_.*_production_env": "false",
        },
    ),
    # In-app purchases and accounts elsewhere.
    Rule(
        "IAP accounts",
        "iap_account",
        {"account_token": "'dummy_value+disabled'"},
        where="account_token NOT LIKE '%+disabled'",
        needs=("account_token",),
    ),
    Rule("OAuth providers", "auth_oauth_provider", {"enabled": "false"}),
    Rule("LDAP servers", "res_company_ldap", {"ldap_server": _DEAD, "ldap_password": NULL}),
    Rule("social media accounts", "social_account", like={_SECRETS: NULL}),
    Rule(
        "scheduled posts",
        "social_post",
        {"state": "'draft'"},
        where="state IN ('scheduled', 'posting')",
        needs=("state",),
    ),
    Rule("WhatsApp accounts", "whatsapp_account", like={_SECRETS: NULL}),
    Rule(
        "queued WhatsApp messages",
        "whatsapp_message",
        {"state": "'cancel'"},
        where="state = 'outgoing'",
        needs=("state",),
    ),
    Rule("telephone providers", "voip_provider", {"mode": "'demo'"}),
    # Calendars.
    Rule(
        "calendar synchronisation of users",
        "res_users",
        like={r"(google|microsoft)_calendar_.*token.*": NULL},
    ),
    Rule(
        "calendar synchronisation of settings",
        "res_users_settings",
        like={
            r"(google|microsoft)_calendar_.*token.*": NULL,
            r"(google|microsoft)_synchronization_stopped": "true",
        },
    ),
    Rule(
        "Google Calendar accounts",
        "google_calendar_credentials",
        {"synchronization_stopped": "true"},
        like={r"calendar_.*token.*": NULL},
    ),
    Rule(
        "Outlook calendar accounts",
        "microsoft_calendar_credentials",
        {"synchronization_stopped": "true"},
        like={r"calendar_.*token.*": NULL},
    ),
    *WAYS_IN,
    # Machines in the production's network.
    Rule(
        "devices of points of sale",
        "pos_config",
        {"proxy_ip": NULL, "epson_printer_ip": NULL, "other_devices": "false"},
    ),
    Rule("printers of points of sale", "pos_printer", {"proxy_ip": NULL, "epson_printer_ip": NULL}),
    Rule(
        "printers of restaurants",
        "restaurant_printer",
        {"proxy_ip": NULL, "epson_printer_ip": NULL},
    ),
    Rule("print servers", "printing_server", {"address": _DEAD}),
    Rule("IoT boxes", "iot_box", {"ip": "'0.0.0.0'", "ip_url": NULL}),
    # Websites.
    Rule(
        "websites",
        "website",
        {
            "domain": NULL,
            "cdn_activated": "false",
            "robots_txt": r"E'User-agent: *\nDisallow: /'",
            "google_analytics_key": NULL,
            "google_places_api_key": NULL,
            "plausible_shared_key": NULL,
        },
    ),
    # System parameters.
    Rule(
        "system parameters with credentials",
        "ir_config_parameter",
        where="key IN ("
        "'auth_totp.policy', 'base_geolocalize.google_map_api_key',"
        " 'cloud_storage_azure_client_secret', 'cloud_storage_google_account_info',"
        " 'cloud_storage_provider', 'database.enterprise_code', 'discuss.tenor_api_key',"
        " 'google_address_autocomplete.google_places_api_key', 'google_calendar_client_secret',"
        " 'google_drive_access_token', 'google_drive_refresh_token', 'google_gmail_client_secret',"
        " 'mail.google_translate_api_key', 'mail.sfu_server_key', 'mail.twilio_account_token',"
        " 'mail.web_push_vapid_private_key', 'mail.web_push_vapid_public_key',"
        " 'mass_mailing.mail_server_id', 'microsoft_calendar_client_secret',"
        " 'microsoft_outlook_client_secret', 'ocn.uuid', 'odoo_ocn.project_id',"
        " 'recaptcha_private_key', 'unsplash.access_key')",
        needs=("key",),
    ),
)
