"""The 31 questions that the predecessor asked a Linux host, and the checks that ask them here."""

from collections.abc import Mapping
from typing import Final

QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "LIN-ACCT-001": ("root_accounts",),
    "LIN-ACCT-002": ("password_max_days", "password_min_days", "endless_passwords"),
    "LIN-AUDIT-001": ("audit_rules_identity", "audit_rules_identity_loaded"),
    "LIN-AUDIT-002": ("audit_rules_logins", "audit_rules_logins_loaded"),
    "LIN-BANNER-001": ("login_banner", "console_banner", "ssh_banner"),
    "LIN-BOOT-001": ("bootloader_permissions", "bootloader_password"),
    "LIN-CRON-001": ("cron_permissions", "cron_jobs_writable"),
    "LIN-CRYPTO-001": (
        "crypto_policy", "tls_minimum", "ssh_ciphers", "ssh_macs", "ssh_key_exchange",
    ),
    "LIN-FW-001": ("firewall_at_boot", "firewall_loaded", "firewall_service"),
    "LIN-INTEGRITY-001": ("file_integrity_tool", "file_integrity_baseline"),
    "LIN-IR-001": ("audit_log_kept", "journal_persistent", "incident_tools"),
    "LIN-KERN-001": (
        "ip_forwarding", "ip_forwarding_at_boot", "kernel_hardening", "kernel_hardening_at_boot",
    ),
    "LIN-KERN-002": (
        "usb_storage", "usb_storage_at_boot", "rare_filesystems", "rare_filesystems_at_boot",
        "rare_protocols", "rare_protocols_at_boot",
    ),
    "LIN-LOG-001": (
        "log_rotation", "syslog_rotation", "journal_persistent", "log_file_mode", "log_forwarding",
    ),
    "LIN-MAC-001": ("mandatory_access_control", "selinux_mode", "mac_boot_options"),
    "LIN-NET-001": (
        "network_redirects", "network_redirects_at_boot", "network_spoofing",
        "network_spoofing_at_boot", "network_floods", "network_floods_at_boot",
    ),
    "LIN-NTP-001": (
        "ntp_sync", "chrony_sources", "timesyncd_sources", "chrony_service", "time_package",
    ),
    "LIN-PATCH-001": ("security_updates", "security_lists_age", "reboot_required"),
    "LIN-PERM-001": ("shadow_permissions", "shadow_owner", "gshadow_permissions"),
    "LIN-PERM-002": ("sshd_config_permissions", "sshd_drop_in_permissions"),
    "LIN-PERM-003": ("etc_world_writable",),
    "LIN-PERM-004": (
        "sudoers_permissions", "sudoers_drop_in_permissions", "sudo_without_password",
    ),
    "LIN-SSH-001": ("ssh_root_login",),
    "LIN-SSH-002": ("ssh_password_auth", "ssh_empty_passwords"),
    "LIN-SSH-003": ("ssh_max_auth_tries",),
    "LIN-SSH-004": ("ssh_idle_interval", "ssh_idle_count"),
    "LIN-SUID-001": ("suid_tools", "suid_files"),
    "LIN-SVC-001": ("ssh_service",),
    "LIN-SVC-002": ("audit_service", "audit_package"),
    "LIN-SVC-003": ("rsyslog_service",),
    "LIN-SVC-004": ("telnet_package", "telnet_service", "telnet_inetd", "telnet_port"),
}  # fmt: skip
"""By the id under which the predecessor had each."""
