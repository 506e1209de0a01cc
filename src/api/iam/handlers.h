/* The operations of IAM, for operations.c. Those on users, roles and policies alike are one function. */
#pragma once

struct api_call;

/* create.c */
void iam_create(struct api_call *call);

/* change.c */
void iam_delete_identity(struct api_call *call);
void iam_update_assume_role_policy(struct api_call *call);

/* read.c */
void iam_get(struct api_call *call);
void iam_get_policy(struct api_call *call);
void iam_get_policy_version(struct api_call *call);
void iam_list(struct api_call *call);
void iam_list_entities_for_policy(struct api_call *call);
void iam_list_instance_profiles_for_role(struct api_call *call);
void iam_list_policies(struct api_call *call);
void iam_list_policy_versions(struct api_call *call);
void iam_list_tags(struct api_call *call);

/* inline_policies.c */
void iam_delete_inline_policy(struct api_call *call);
void iam_get_inline_policy(struct api_call *call);
void iam_list_inline_policies(struct api_call *call);
void iam_put_inline_policy(struct api_call *call);

/* attachments.c */
void iam_attach_policy(struct api_call *call);
void iam_detach_policy(struct api_call *call);
void iam_list_attached_policies(struct api_call *call);

/* access_keys.c */
void iam_create_access_key(struct api_call *call);
void iam_delete_access_key(struct api_call *call);
void iam_list_access_keys(struct api_call *call);
