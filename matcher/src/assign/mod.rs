//! Many incidents at once: exact minimum-cost assignment.
