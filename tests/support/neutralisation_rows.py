"""One row of production for each rule of neutralisation, and what it is afterwards.

It is written by hand, not derived from the rules: a rule that is changed or missing contradicts it.
"""

from typing import Any

Row = tuple[str, str, dict[str, Any], dict[str, Any] | None]
"""Rule, table, the row's values before and after; None: the row is deleted."""

DUMMY = "neutralization - disable emails"
ROWS: tuple[Row, ...] = (
    (
        "active dummy mail server",
        "ir_mail_server",
        {"name": DUMMY, "smtp_host": "invalid", "active": False},
        {"active": True},
    ),
    ("one dummy mail server", "ir_mail_server", {"name": DUMMY, "smtp_host": "invalid"}, None),
    (
        "mail servers",
        "ir_mail_server",
        {
            "name": "Production",
            "smtp_host": "smtp.example.com",
            "smtp_user": "me",
            "smtp_pass": "hunter2",
            "google_gmail_refresh_token": "r",
            "active": True,
        },
        {
            "smtp_host": "invalid",
            "smtp_user": None,
            "smtp_pass": None,
            "google_gmail_refresh_token": None,
            "active": False,
        },
    ),
    (
        "incoming mail servers",
        "fetchmail_server",
        {"active": True, "state": "done", "server": "imap.x", "user": "me", "password": "x"},
        {"active": False, "state": "draft", "server": "invalid", "user": None, "password": None},
    ),
    (
        "mail servers of mail templates",
        "mail_template",
        {"mail_server_id": 7},
        {"mail_server_id": None},
    ),
    ("queued mail", "mail_mail", {"state": "outgoing"}, {"state": "cancel"}),
    ("scheduled messages", "mail_scheduled_message", {"body": "x"}, None),
    ("scheduled notifications", "mail_message_schedule", {"body": "x"}, None),
    ("queued push messages", "mail_push", {"payload": "x"}, None),
    ("queued push messages (16.0, 17.0)", "mail_notification_web_push", {"payload": "x"}, None),
    ("devices for push messages", "mail_push_device", {"endpoint": "x"}, None),
    ("devices for push messages (16.0, 17.0)", "mail_partner_device", {"endpoint": "x"}, None),
    (
        "mailings",
        "mailing_mailing",
        {"state": "in_queue", "schedule_date": "2026-01-01"},
        {"state": "draft", "schedule_date": None},
    ),
    (
        "mail servers of mailings",
        "mailing_mailing",
        {"state": "done", "mail_server_id": 7},
        {"state": "done", "mail_server_id": None},
    ),
    ("queued SMS", "sms_sms", {"state": "outgoing"}, {"state": "canceled"}),
    ("queued letters", "snailmail_letter", {"state": "pending"}, {"state": "canceled"}),
    ("scheduled actions", "ir_cron", {"active": True}, {"active": False}),
    ("queued jobs (queue_job)", "queue_job", {"state": "pending"}, {"state": "cancelled"}),
    (
        "webhooks",
        "ir_act_server",
        {"state": "webhook", "webhook_url": "https://example.com/hook"},
        {"webhook_url": "neutralization - disable webhook"},
    ),
    ("marketing campaigns", "marketing_campaign", {"state": "running"}, {"state": "stopped"}),
    ("payment providers", "payment_provider", {"state": "enabled"}, {"state": "disabled"}),
    (
        "credentials of payment providers",
        "payment_provider",
        {"state": "test", "stripe_secret_key": "sk"},
        {"state": "test", "stripe_secret_key": None},
    ),
    ("payment providers", "payment_acquirer", {"state": "enabled"}, {"state": "disabled"}),
    (
        "credentials of payment providers",
        "payment_acquirer",
        {"state": "test", "stripe_secret_key": "sk"},
        {"state": "test", "stripe_secret_key": None},
    ),
    (
        "delivery carriers in production",
        "delivery_carrier",
        {"prod_environment": True, "delivery_type": "fixed"},
        {"prod_environment": False},
    ),
    (
        "delivery carriers of other companies",
        "delivery_carrier",
        {"active": True, "delivery_type": "ups"},
        {"active": False},
    ),
    (
        "credentials of delivery carriers",
        "delivery_carrier",
        {"delivery_type": "fixed", "ups_passwd": "x"},
        {"ups_passwd": None},
    ),
    (
        "payment terminals",
        "pos_payment_method",
        {"adyen_test_mode": False, "stripe_test_mode": False, "adyen_api_key": "x"},
        {"adyen_test_mode": True, "stripe_test_mode": True, "adyen_api_key": None},
    ),
    (
        "bank connections",
        "account_online_link",
        {"client_id": "c", "refresh_token": "r"},
        {"client_id": "duplicate", "refresh_token": None},
    ),
    (
        "marketplaces",
        "amazon_account",
        {"active": True, "refresh_token": "r"},
        {"active": False, "refresh_token": None},
    ),
    (
        "test mode of e-invoices",
        "res_company",
        {"l10n_mx_edi_pac_test_env": False, "l10n_es_edi_production_env": True},
        {"l10n_mx_edi_pac_test_env": True, "l10n_es_edi_production_env": False},
    ),
    (
        "IAP accounts",
        "iap_account",
        {"account_token": "t"},
        {"account_token": "dummy_value+disabled"},
    ),
    ("OAuth providers", "auth_oauth_provider", {"enabled": True}, {"enabled": False}),
    (
        "LDAP servers",
        "res_company_ldap",
        {"ldap_server": "ldap.x", "ldap_password": "x"},
        {"ldap_server": "invalid", "ldap_password": None},
    ),
    ("social media accounts", "social_account", {"access_token": "x"}, {"access_token": None}),
    ("scheduled posts", "social_post", {"state": "scheduled"}, {"state": "draft"}),
    ("WhatsApp accounts", "whatsapp_account", {"token": "x"}, {"token": None}),
    ("queued WhatsApp messages", "whatsapp_message", {"state": "outgoing"}, {"state": "cancel"}),
    ("telephone providers", "voip_provider", {"mode": "prod"}, {"mode": "demo"}),
    (
        "calendar synchronisation of users",
        "res_users",
        {"id": 5, "google_calendar_rtoken": "r"},
        {"google_calendar_rtoken": None},
    ),
    (
        "calendar synchronisation of settings",
        "res_users_settings",
        {"google_calendar_token": "t", "microsoft_synchronization_stopped": False},
        {"google_calendar_token": None, "microsoft_synchronization_stopped": True},
    ),
    (
        "Google Calendar accounts",
        "google_calendar_credentials",
        {"calendar_rtoken": "r", "synchronization_stopped": False},
        {"calendar_rtoken": None, "synchronization_stopped": True},
    ),
    (
        "Outlook calendar accounts",
        "microsoft_calendar_credentials",
        {"calendar_token": "r", "synchronization_stopped": False},
        {"calendar_token": None, "synchronization_stopped": True},
    ),
    ("API keys", "res_users_apikeys", {"key": "x"}, None),
    ("trusted devices", "auth_totp_device", {"key": "x"}, None),
    (
        "OAuth tokens of users",
        "res_users",
        {"id": 6, "oauth_access_token": "t"},
        {"oauth_access_token": None},
    ),
    (
        "links of password resets",
        "res_partner",
        {"signup_token": "t", "signup_expiration": "2027-01-01"},
        {"signup_token": None, "signup_expiration": None},
    ),
    (
        "second factor of the administrator",
        "res_users",
        {"id": 2, "totp_secret": "J"},
        {"totp_secret": None},
    ),
    ("passkeys of the administrator", "auth_passkey_key", {"create_uid": 2}, None),
    (
        "devices of points of sale",
        "pos_config",
        {"proxy_ip": "10.0.0.9", "epson_printer_ip": "10.0.0.8", "other_devices": True},
        {"proxy_ip": None, "epson_printer_ip": None, "other_devices": False},
    ),
    ("printers of points of sale", "pos_printer", {"proxy_ip": "10.0.0.9"}, {"proxy_ip": None}),
    (
        "printers of restaurants",
        "restaurant_printer",
        {"epson_printer_ip": "10.0.0.8"},
        {"epson_printer_ip": None},
    ),
    ("print servers", "printing_server", {"address": "10.0.0.7"}, {"address": "invalid"}),
    (
        "IoT boxes",
        "iot_box",
        {"ip": "10.0.0.6", "ip_url": "x"},
        {"ip": "0.0.0.0", "ip_url": None},  # noqa: S104
    ),
    (
        "websites",
        "website",
        {
            "domain": "https://x",
            "cdn_activated": True,
            "robots_txt": "",
            "google_analytics_key": "k",
        },
        {
            "domain": None,
            "cdn_activated": False,
            "robots_txt": "User-agent: *\nDisallow: /",
            "google_analytics_key": None,
        },
    ),
    (
        "system parameters with credentials",
        "ir_config_parameter",
        {"key": "mail.twilio_account_token", "value": "x"},
        None,
    ),
)
