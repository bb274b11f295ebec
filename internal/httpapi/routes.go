package httpapi

import (
	"net/http"

	"github.com/grantway/grantway/internal/access"
)

// routes is the route table: every route, and what it demands of its callers.
func (a *api) routes() []route {
	const get, put, post, del = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []route{
		{get, "/v1/users", "listUsers", readers, "List users", does(a.listUsers)},
		{get, "/v1/users/{user}", "getUser", readers, "Get a user", does(a.getUser)},
		{put, "/v1/users/{user}", "putUser", changers, "Create or update a user", does(a.putUser)},
		{del, "/v1/users/{user}", "deleteUser", changers, "Offboard a user", does(a.deleteUser)},
		{get, "/v1/users/{user}/access", "userAccess", readers, "Review a user's access", does(a.userAccess)},
		{post, "/v1/users/{user}/sign-in-links", "createSignInLink", keyMakers, "Create a sign-in link", makes(a.createSignInLink)},
		{del, "/v1/users/{user}/sessions", "deleteSessions", changers, "End a user's sessions", does(a.deleteSessions)},
		{get, "/v1/sessions", "listSessions", readers, "List sessions", does(a.listSessions)},
		{del, "/v1/sessions/{session}", "deleteSession", changers, "End a session", does(a.deleteSession)},

		{put, "/v1/platform/roles/{role}/{user}", "putPlatformRole", changers, "Grant a platform role", does(a.putPlatformRole)},
		{del, "/v1/platform/roles/{role}/{user}", "deletePlatformRole", changers, "Revoke a platform role", does(a.deletePlatformRole)},

		{get, "/v1/organizations", "listOrganizations", readers, "List organizations", does(a.listOrganizations)},
		{get, "/v1/organizations/{org}", "getOrganization", readers, "Get an organization", does(a.getOrganization)},
		{put, "/v1/organizations/{org}", "putOrganization", changers, "Create or update an organization", does(a.putOrganization)},
		{del, "/v1/organizations/{org}", "deleteOrganization", changers, "Delete an organization", does(a.deleteOrganization)},
		{get, "/v1/organizations/{org}/members", "listMembers", readers, "List members", does(a.listMembers)},
		{put, "/v1/organizations/{org}/members/{user}", "putMember", changers, "Add a member, or change their role", doesOrAsks(a.putMember)},
		{del, "/v1/organizations/{org}/members/{user}", "deleteMember", changers, "Remove a member", does(a.deleteMember)},

		{get, "/v1/organizations/{org}/invitations", "listInvitations", readers, "List invitations", does(a.listInvitations)},
		{post, "/v1/organizations/{org}/invitations", "createInvitation", changers, "Create an invitation", makes(a.createInvitation)},
		{get, "/v1/invitations/{invitation}", "getInvitation", readers, "Get an invitation", does(a.getInvitation)},
		{del, "/v1/invitations/{invitation}", "deleteInvitation", changers, "Revoke an invitation", does(a.deleteInvitation)},
		{post, "/v1/invitations/{invitation}/resend", "resendInvitation", changers, "Resend an invitation", does(a.resendInvitation)},
		{post, "/v1/invitations/accept", "acceptInvitation", people, "Accept an invitation", does(a.acceptInvitation)},

		{get, "/v1/teams", "listTeams", readers, "List teams", does(a.listTeams)},
		{get, "/v1/teams/{team}", "getTeam", readers, "Get a team", does(a.getTeam)},
		{put, "/v1/teams/{team}", "putTeam", changers, "Create or update a team", does(a.putTeam)},
		{del, "/v1/teams/{team}", "deleteTeam", changers, "Delete a team", does(a.deleteTeam)},
		{get, "/v1/teams/{team}/members", "listTeamMembers", readers, "List team members", does(a.listTeamMembers)},
		{put, "/v1/teams/{team}/members/{user}", "putTeamMember", changers, "Add a team member, or change their role", does(a.putTeamMember)},
		{del, "/v1/teams/{team}/members/{user}", "deleteTeamMember", changers, "Remove a team member", does(a.deleteTeamMember)},
		{get, "/v1/teams/{team}/teams", "listNestings", readers, "List nested teams", does(a.listNestings)},
		{put, "/v1/teams/{team}/teams/{inner}", "putNesting", changers, "Nest a team in another", does(a.putNesting)},
		{del, "/v1/teams/{team}/teams/{inner}", "deleteNesting", changers, "Remove a nested team", does(a.deleteNesting)},

		{get, "/v1/roles", "listRoles", readers, "List roles", does(a.listRoles)},
		{get, "/v1/roles/{role}", "getRole", readers, "Get a role", does(a.getRole)},
		{put, "/v1/roles/{role}", "putRole", changers, "Create or update a role", does(a.putRole)},
		{del, "/v1/roles/{role}", "deleteRole", changers, "Delete a role", does(a.deleteRole)},
		{get, "/v1/roles/{role}/assignees", "listAssignees", readers, "List a role's assignees", does(a.listAssignees)},
		{put, "/v1/roles/{role}/assignees/{user}", "putAssignee", changers, "Assign a role", does(a.putAssignee)},
		{del, "/v1/roles/{role}/assignees/{user}", "deleteAssignee", changers, "Unassign a role", does(a.deleteAssignee)},

		{get, "/v1/groups", "listGroups", readers, "List groups", does(a.listGroups)},
		{get, "/v1/groups/{group}", "getGroup", readers, "Get a group", does(a.getGroup)},
		{put, "/v1/groups/{group}", "putGroup", changers, "Create or update a group", does(a.putGroup)},
		{del, "/v1/groups/{group}", "deleteGroup", changers, "Delete a group", does(a.deleteGroup)},
		{get, "/v1/groups/{group}/members", "listGroupMembers", readers, "List group members", does(a.listGroupMembers)},
		{put, "/v1/groups/{group}/members/{principal}", "putGroupMember", changers, "Add a user or email address to a group", does(a.putGroupMember)},
		{del, "/v1/groups/{group}/members/{principal}", "deleteGroupMember", changers, "Remove a user or email address from a group", does(a.deleteGroupMember)},

		{get, "/v1/chatbots", "listChatbots", readers, "List chatbots", does(a.listChatbots)},
		{get, "/v1/chatbots/{chatbot}", "getChatbot", readers, "Get a chatbot", does(a.getChatbot)},
		{put, "/v1/chatbots/{chatbot}", "putChatbot", changers, "Create or update a chatbot", does(a.putChatbot)},
		{del, "/v1/chatbots/{chatbot}", "deleteChatbot", changers, "Delete a chatbot", does(a.deleteChatbot)},
		{post, "/v1/chatbots/{chatbot}/transfer", "transferChatbot", changers, "Transfer a chatbot", does(a.transferChatbot)},
		{get, "/v1/chatbots/{chatbot}/shares", "listShares", readers, "List shares", does(a.listShares)},
		{put, "/v1/chatbots/{chatbot}/shares/{principal}", "putShare", changers, "Share a chatbot, or request a share", doesOrAsks(a.putShare)},
		{del, "/v1/chatbots/{chatbot}/shares/{principal}", "deleteShare", changers, "Remove a share", does(a.deleteShare)},
		{get, "/v1/chatbots/{chatbot}/public-access", "getPublicAccess", readers, "Get the public link", does(a.getPublicAccess)},
		{put, "/v1/chatbots/{chatbot}/public-access", "putPublicAccess", changers, "Set the mode of the public link", does(a.putPublicAccess)},
		{post, "/v1/chatbots/{chatbot}/public-access/rotate", "rotateLink", changers, "Rotate the public link", does(a.rotateLink)},
		{get, "/v1/chatbots/{chatbot}/api-keys", "listAPIKeys", keyMakers, "List a chatbot's API keys", does(a.listAPIKeys)},
		{post, "/v1/chatbots/{chatbot}/api-keys", "createAPIKey", keyMakers, "Create an API key", makes(a.createAPIKey)},
		{del, "/v1/chatbots/{chatbot}/api-keys/{key}", "deleteAPIKey", keyMakers, "Delete an API key", does(a.deleteAPIKey)},
		{get, "/v1/chatbots/{chatbot}/permissions", "listPermissions", readers, "Get the permission matrix", does(a.listPermissions)},
		{put, "/v1/chatbots/{chatbot}/permissions/{user}", "putPermission", changers, "Set a row of the permission matrix", does(a.putPermission)},
		{del, "/v1/chatbots/{chatbot}/permissions/{user}", "deletePermission", changers, "Remove a row of the permission matrix", does(a.deletePermission)},
		{get, "/v1/chatbots/{chatbot}/access", "chatbotAccess", readers, "Review access to a chatbot", does(a.chatbotAccess)},

		{get, "/v1/chatbots/{chatbot}/policy", "getPolicy", readers, "Get the gates", does(a.getPolicy)},
		{put, "/v1/chatbots/{chatbot}/policy", "putPolicy", changers, "Set or remove gates", does(a.putPolicy)},
		{get, "/v1/chatbots/{chatbot}/features", "listFeatures", readers, "List features", does(a.listFeatures)},
		{get, "/v1/chatbots/{chatbot}/features/{feature}", "getFeature", readers, "Get a feature", does(a.getFeature)},
		{put, "/v1/chatbots/{chatbot}/features/{feature}", "putFeature", changers, "Create or update a feature", does(a.putFeature)},
		{del, "/v1/chatbots/{chatbot}/features/{feature}", "deleteFeature", changers, "Delete a feature", does(a.deleteFeature)},

		{get, "/v1/chatbots/{chatbot}/documents", "listDocuments", readers, "List a chatbot's documents", does(a.listResources(access.TypeDocument))},
		{get, "/v1/documents/{id}", "getDocument", readers, "Get a document", does(a.getResource(access.TypeDocument))},
		{put, "/v1/documents/{id}", "putDocument", changers, "Create or update a document", does(a.putResource(access.TypeDocument))},
		{del, "/v1/documents/{id}", "deleteDocument", changers, "Delete a document", does(a.deleteResource(access.TypeDocument))},

		{get, "/v1/chatbots/{chatbot}/mcp-servers", "listMCPServers", readers, "List a chatbot's MCP servers", does(a.listResources(access.TypeMCPServer))},
		{get, "/v1/mcp-servers/{id}", "getMCPServer", readers, "Get an MCP server", does(a.getResource(access.TypeMCPServer))},
		{put, "/v1/mcp-servers/{id}", "putMCPServer", changers, "Create or update an MCP server", does(a.putResource(access.TypeMCPServer))},
		{del, "/v1/mcp-servers/{id}", "deleteMCPServer", changers, "Delete an MCP server", does(a.deleteResource(access.TypeMCPServer))},

		{get, "/v1/chatbots/{chatbot}/metrics", "listMetrics", readers, "List a chatbot's metrics", does(a.listResources(access.TypeMetric))},
		{get, "/v1/metrics/{id}", "getMetric", readers, "Get a metric", does(a.getResource(access.TypeMetric))},
		{put, "/v1/metrics/{id}", "putMetric", changers, "Create or update a metric", does(a.putResource(access.TypeMetric))},
		{del, "/v1/metrics/{id}", "deleteMetric", changers, "Delete a metric", does(a.deleteResource(access.TypeMetric))},

		{get, "/v1/requests", "listRequests", readers, "List share requests", does(a.listRequests)},
		{get, "/v1/requests/{request}", "getRequest", readers, "Get a share request", does(a.getRequest)},
		{post, "/v1/requests/{request}/approve", "approveRequest", changers, "Approve a share request", does(a.approveRequest)},
		{post, "/v1/requests/{request}/deny", "denyRequest", changers, "Deny a share request", does(a.denyRequest)},
		{post, "/v1/requests/{request}/cancel", "cancelRequest", changers, "Cancel a share request", does(a.cancelRequest)},

		{get, "/v1/notifications", "listNotifications", people, "List notifications", does(a.listNotifications)},
		{post, "/v1/notifications/{notification}/read", "readNotification", people, "Mark a notification as read", does(a.readNotification)},

		{get, "/v1/keys", "listKeys", keyMakers, "List account keys", does(a.listKeys)},
		{post, "/v1/keys", "createKey", keyMakers, "Create an account key", makes(a.createKey)},
		{del, "/v1/keys/{key}", "deleteKey", keyMakers, "Delete an account key", does(a.deleteKey)},
		{post, "/v1/keys/{key}/take-over", "takeOverKey", keyMakers, "Take over an account key", does(a.takeOverKey)},

		{get, "/v1/audit", "listAudit", readers, "Search the record", does(a.listAudit)},
		{get, "/v1/audit/export", "exportAudit", readers, "Export the record", &auditExport{api: a}},

		{post, "/v1/imports", "import", changers, "Import data", &handled{handler: a.Imports, describe: describeImport}},
		{get, "/v1/export", "export", exporters, "Export everything", &handled{handler: a.Export, describe: describeExport}},
		{get, "/v1/backup", "backup", exporters, "Back up the store", &handled{handler: a.Backup, describe: describeBackup}},

		{get, "/v1/doctor/{id}", "examine", askers, "Describe the call that arrived", &handled{handler: a.examine, describe: a.describeExamine}},
		{post, "/v1/doctor/{id}", "examineBody", askers, "Describe the body that arrived", &handled{handler: a.examine, describe: a.describeExamine}},

		{post, "/access/v1/evaluation", "evaluate", askers, "Evaluate access", a.authZEN(evaluation)},
		{post, "/access/v1/evaluations", "evaluateAll", askers, "Evaluate access in a batch", a.authZEN(evaluations)},
		{post, "/access/v1/search/subject", "searchSubjects", askers, "Search subjects", a.authZEN(subjectSearch)},
		{post, "/access/v1/search/resource", "searchResources", askers, "Search resources", a.authZEN(resourceSearch)},
		{post, "/access/v1/search/action", "searchActions", askers, "Search actions", a.authZEN(actionSearch)},
		{post, "/v1/explain", "explain", askers, "Explain a decision", a.authZEN(explanation)},
		{get, metadataPath + a.PublicPath, "authzenMetadata", anybody, "AuthZEN metadata", a.authZEN(metadata)},

		{get, "/healthz", "healthz", operators, "Check that the process is alive", &page{a.healthz, "application/json"}},
		{get, "/readyz", "readyz", operators, "Check that the server is ready", &page{a.readyz, "application/json"}},
		{get, "/metrics", "metrics", operators, "Prometheus metrics", &page{a.metricsPage, "text/plain"}},
		{get, "/openapi.json", "openapi", anybody, "OpenAPI description", &page{a.openAPIPage, "application/json"}},
		{get, "/docs", "docs", anybody, "API reference", &page{a.docs(), ""}},
		{get, ModelPath, "model", anybody, "The access model", &page{modelPage(), ""}},
		{get, "/docs/{file}", "docsFile", anybody, "Files of the API reference", &page{a.docs(), ""}},
	}
}
